import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from './paths.mjs';
import { run } from './run.mjs';

/**
 * Installs what the package-lock.json of a folder says, unless it is there already. `{ ok, problem }`
 *
 * @param folder that of the project, or one under `compat`
 */
export async function ensureDependencies(folder = root) {
  const missing = findMissingPackage(folder);
  if (missing === undefined) return { ok: true };
  const where = folder === root ? '' : ` of ${relative(root, folder)}`;
  const why = existsSync(join(folder, 'node_modules'))
    ? `${missing} is missing or of another version`
    : 'there are none yet; it takes a minute or more';
  console.log(`Installing npm dependencies${where} (${why}) …`);
  // `--include=dev`: NODE_ENV=production must not leave out the compiler.
  const patience = ['--fetch-retries', '1', '--fetch-retry-mintimeout', '1000'];
  return run('npm', ['ci', '--prefix', folder, '--include=dev', '--no-audit', '--no-fund', ...patience]);
}

/** Compares the two lock files: the one of the project, and the one npm leaves of what it installed. */
function findMissingPackage(folder) {
  const wanted = readPackages(join(folder, 'package-lock.json'));
  const installed = readPackages(join(folder, 'node_modules', '.package-lock.json'));
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
