import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { duration } from './duration.mjs';
import { InstallMarker } from './install-marker.mjs';
import { say } from './lanes.mjs';
import { root } from './paths.mjs';
import { currentTask, inProgress } from './progress.mjs';
import { run } from './run.mjs';

const LOOK_EVERY_MS = 500;

/**
 * Installs the packages in the package-lock.json of a folder, unless they are there already.
 * `{ ok, problem }`
 *
 * @param folder the folder of the project, or another folder with a package.json
 */
export async function ensureDependencies(folder = root) {
  const marker = new InstallMarker(folder);
  const where = folder === root ? '' : ` of ${relative(root, folder)}`;
  for (;;) {
    if (marker.state === 'going on') {
      say(`Another command is installing the npm dependencies${where}: waiting for it …`);
      await inProgress(`another installation${where}`, () => marker.untilOver());
    }
    const wanted = wantedPackages(folder);
    const why = whyToInstall(folder, wanted, marker);
    if (why === undefined) return { ok: true };
    if (!marker.claim()) continue;
    say(`Installing npm dependencies${where} (${why}) …`);
    const start = performance.now();
    const result = await inProgress(`npm dependencies${where}`, () => install(folder, wanted, marker));
    if (result.ok) say(`Installed npm dependencies${where} in ${duration(performance.now() - start)}.`);
    return result;
  }
}

/** The reason to install. Undefined if everything is there already. */
function whyToInstall(folder, wanted, marker) {
  if (marker.state === 'interrupted') return 'the last installation did not end';
  const missing = findMissingPackage(folder, wanted);
  if (missing === undefined) return undefined;
  return existsSync(join(folder, 'node_modules'))
    ? `${missing} is missing or of another version`
    : `there are none yet; these are ${wanted.length}`;
}

async function install(folder, wanted, marker) {
  const task = currentTask();
  const count = () =>
    task.count(wanted.filter(({ path }) => isThere(folder, path)).length, wanted.length, 'packages');
  const looking = setInterval(count, LOOK_EVERY_MS);
  // `--include=dev`: NODE_ENV=production must not leave out the compiler.
  const patience = ['--fetch-retries', '1', '--fetch-retry-mintimeout', '1000'];
  const options = ['--include=dev', '--no-audit', '--no-fund', ...patience];
  try {
    const onStart = (pid) => marker.addProcess(pid);
    const result = await run('npm', ['ci', '--prefix', folder, ...options], { onStart });
    if (result.ok) marker.remove();
    return result;
  } finally {
    clearInterval(looking);
  }
}

/** The packages in the lock file. Optional packages are left out: most of them are for other platforms. */
function wantedPackages(folder) {
  return Object.entries(readPackages(join(folder, 'package-lock.json')))
    .map(([path, entry]) => ({ path, ...entry }))
    .filter(({ path, optional }) => path !== '' && !optional);
}

/**
 * Finds a missing package: compares the lock file of the project with the one in which npm notes what it
 * installed, and looks for the files.
 */
function findMissingPackage(folder, wanted) {
  const installed = readPackages(join(folder, 'node_modules', '.package-lock.json'));
  return wanted.find(({ path, version }) => version !== installed[path]?.version || !isThere(folder, path))
    ?.path;
}

function isThere(folder, path) {
  return existsSync(join(folder, path, 'package.json'));
}

function readPackages(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, 'utf8')).packages ?? {};
  } catch {
    return {};
  }
}
