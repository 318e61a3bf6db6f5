import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unpackDebianPackages } from './debian-packages.mjs';
import { cache } from './paths.mjs';
import { findProgram } from './programs.mjs';

/** The names of the browser on machines where somebody installed it. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

const folder = join(cache, 'chromium');
const starter = join(folder, 'bin', 'chromium');

/** The path of a Chromium: that of the machine, or the fetched one; or undefined. */
export function findChromium() {
  return (
    NAMES.map(findProgram).find((path) => path !== undefined) ?? (existsSync(starter) ? starter : undefined)
  );
}

/** Fetches Debian's package, once, and unpacks it into the cache of the project. `{ ok, problem }` */
export async function ensureChromium() {
  if (findChromium() !== undefined) return { ok: true };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const root = join(folder, 'root');
  const { ok, problem } = await unpackDebianPackages({
    ...{ suite: ownSuite(), folder: root, names: ['chromium', 'fonts-dejavu-core'] },
    wanted: /./,
  });
  if (ok && existsSync(join(root, 'usr', 'lib', 'chromium', 'chromium'))) {
    writeStarter(root);
    return { ok: true };
  }
  rmSync(folder, { recursive: true, force: true });
  return { ok: false, problem: problem ?? 'the package chromium has no chromium' };
}

/** The suite of this machine. Libraries of that suite fit the loader of this machine. */
function ownSuite() {
  const file = '/etc/os-release';
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const isDebian = /^ID=debian$/m.test(text);
  return (isDebian ? /^VERSION_CODENAME=(\S+)$/m.exec(text)?.[1] : undefined) ?? 'bookworm';
}

function writeStarter(root) {
  mkdirSync(join(folder, 'bin'));
  const libraries = readdirSync(join(root, 'usr', 'lib'))
    .map((name) => join(root, 'usr', 'lib', name))
    .find((name) => existsSync(join(name, 'libc.so.6')) || existsSync(join(name, 'libnss3.so')));
  const program = join(root, 'usr', 'lib', 'chromium', 'chromium');
  const fonts = join(folder, 'fonts.conf');
  writeFileSync(
    fonts,
    `<?xml version="1.0"?><fontconfig><dir>${join(root, 'usr', 'share', 'fonts')}</dir><cachedir>${join(folder, 'fonts')}</cachedir></fontconfig>\n`,
  );
  writeFileSync(
    starter,
    `#!/bin/sh\nexport LD_LIBRARY_PATH='${libraries}:${join(libraries, 'pulseaudio')}' FONTCONFIG_FILE='${fonts}'\nexec '${program}' "$@"\n`,
  );
  chmodSync(starter, 0o755);
}
