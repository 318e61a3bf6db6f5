import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { run } from './run.mjs';

/** Installs what package-lock.json says, unless it is there already. `{ ok, problem }` */
export async function ensureDependencies() {
  const missing = findMissingPackage();
  if (missing === undefined) return { ok: true };
  console.log(`Installing npm dependencies (${missing} is missing or of another version) …`);
  // `--include=dev`: NODE_ENV=production must not leave out the compiler.
  return run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund']);
}

/** Compares the two lock files: the one of the project, and the one npm leaves of what it installed. */
function findMissingPackage() {
  const wanted = readPackages(join(root, 'package-lock.json'));
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  return Object.keys(wanted).find(
    // Optional packages are mostly for other platforms, and rightly not here.
    (path) => path !== '' && !wanted[path].optional && wanted[path].version !== installed[path]?.version,
  );
}

function readPackages(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, 'utf8')).packages ?? {};
  } catch {
    return {};
  }
}
