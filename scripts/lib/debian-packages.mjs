import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from './programs.mjs';
import { run } from './run.mjs';

/** The variable with the address of a mirror of Debian, for a machine whose own sources name none. */
export const MIRROR_VARIABLE = 'DEBIAN_MIRROR';

const KEYRINGS = ['pgp', 'gpg'].map((ending) => `/usr/share/keyrings/debian-archive-keyring.${ending}`);
const LIMIT_MS = 90_000;

/**
 * Unpacks packages of any suite of Debian, with the libraries that they need, into a folder. It installs
 * nothing, and changes nothing of the machine's own apt. `{ ok, problem }`
 *
 * @param suite `sid`, `trixie`, …
 * @param wanted matches the names of the packages to unpack, besides the libraries
 * @param mirror the address of a mirror; else that of the machine's own sources
 */
export async function unpackDebianPackages({ suite, names, wanted, folder, mirror }) {
  const problem = whyNotHere();
  if (problem !== undefined) return { ok: false, problem };
  const site = mirror ?? process.env[MIRROR_VARIABLE] ?? siteOfThisMachine();
  if (site === undefined) return { ok: false, problem: NO_MIRROR };

  const work = `${folder}-apt`;
  try {
    const config = prepare(work, suite, site);
    const steps = [
      ['update', '-qq'],
      ['install', '-qq', '-y', '--download-only', '--no-install-recommends', ...names],
    ];
    for (const args of steps) {
      const result = await run('apt-get', ['-c', config, ...args], { limitMs: LIMIT_MS });
      if (!result.ok) return { ok: false, problem: `apt-get ${args[0]} from ${suite} ${result.problem}` };
    }
    for (const file of archivesIn(work).filter((name) => LIBRARY.test(name) || wanted.test(name))) {
      execFileSync('dpkg-deb', ['-x', join(work, 'cache', 'archives', file), folder]);
    }
    return { ok: true };
  } catch (error) {
    return { ok: false, problem: error.message };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const LIBRARY = /^(lib|zlib1g)/;

const NO_MIRROR =
  `the sources of apt name no mirror of Debian, or \`apt-get update\` has never run; ` +
  `give one with --mirror <url> or ${MIRROR_VARIABLE}`;

function whyNotHere() {
  const missing = ['apt-get', 'dpkg-deb'].filter((name) => findProgram(name) === undefined);
  if (missing.length > 0) return `needs ${missing.join(' and ')}, which Debian and Ubuntu have`;
  if (keyring() === undefined) return 'needs the package debian-archive-keyring, to trust what it fetches';
  return undefined;
}

function keyring() {
  return KEYRINGS.find((file) => existsSync(file));
}

/** The mirror of this machine. Undefined if the machine has another distribution, or has no lists yet. */
function siteOfThisMachine() {
  const format = ['--format', '$(LABEL) $(SITE)'];
  const lines = execFileSync('apt-get', ['indextargets', ...format, 'Created-By: Packages'], {
    encoding: 'utf8',
  });
  const own = lines.split('\n').find((line) => line.startsWith('Debian '));
  return own?.slice('Debian '.length);
}

/** Prepares an apt with sources, lists and a status of its own. For this apt, nothing is installed. */
function prepare(work, suite, site) {
  rmSync(work, { recursive: true, force: true });
  for (const name of ['lists/partial', 'cache/archives/partial', 'state']) {
    mkdirSync(join(work, name), { recursive: true });
  }
  const file = (name, text) => {
    writeFileSync(join(work, name), text);
    return join(work, name);
  };
  const settings = {
    'Dir::Etc::sourcelist': file('sources.list', `deb [signed-by=${keyring()}] ${site} ${suite} main\n`),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'Dir::State': join(work, 'state'),
    'Dir::State::lists': join(work, 'lists'),
    'Dir::State::status': file('status', ''),
    'Dir::Cache': join(work, 'cache'),
    'Dir::Cache::archives': join(work, 'cache', 'archives'),
    'APT::Update::Error-Mode': 'any',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '0',
    'Acquire::http::Timeout': '15',
    // The user with which apt fetches may have no right to the folder of the project.
    'APT::Sandbox::User': '',
  };
  // The hooks after an update of the machine itself must not run for this apt.
  const hooks = ['APT::Update::Pre-Invoke', 'APT::Update::Post-Invoke', 'APT::Update::Post-Invoke-Success'];
  return file(
    'apt.conf',
    [
      ...hooks.map((name) => `#clear ${name};`),
      ...Object.entries(settings).map(([name, value]) => `${name} "${value}";`),
    ].join('\n') + '\n',
  );
}

function archivesIn(work) {
  return readdirSync(join(work, 'cache', 'archives')).filter((name) => name.endsWith('.deb'));
}
