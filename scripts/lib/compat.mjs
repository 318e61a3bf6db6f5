import { join } from 'node:path';
import { ensureDependencies } from './dependencies.mjs';
import { listSpecs, runSpecs } from './jest.mjs';
import { root } from './paths.mjs';

const CONFIG = join(root, 'compat', 'jest.config.cjs');
const LIMIT_MS = 1_200_000;

/** Installs the packages of folders under `compat`. `{ ok, problem }` */
export async function ensureFolders(names) {
  for (const name of names) {
    const result = await ensureDependencies(join(root, 'compat', name));
    if (!result.ok) return { ok: false, problem: `the packages of compat/${name}: npm ci ${result.problem}` };
  }
  return { ok: true };
}

/** Runs specs with the packages of these folders instead of our own. It counts like `runSpecs`. */
export function runOn(folders, specs, { name, hasRedis, node, env }) {
  return runSpecs(name, specs, {
    ...{ hasRedis, node, limitMs: LIMIT_MS },
    ...(folders.length > 0 && { config: CONFIG }),
    env: { ...env, COMPAT_FOLDERS: folders.join(',') },
  });
}

/**
 * The specs that `npm test` runs on the oldest peers: the decorator, the end of an application, the schedule,
 * and real connections.
 *
 * These are only a few, since each of them runs on our own packages too, and `npm run test:matrix` runs all
 * specs on all versions.
 */
export function specsForTheOldest() {
  const files = [
    'contract/redis-lock-node.spec.ts',
    'e2e/nest-http.spec.ts',
    'e2e/nest-schedule.spec.ts',
    'unit/nest/redlock.lifecycle.spec.ts',
    'unit/schedule/fire-time.spec.ts',
    'unit/schedule/redlock-schedule.module.spec.ts',
  ];
  const specs = ['contract', 'e2e', 'unit'].flatMap(listSpecs).filter(({ file }) => files.includes(file));
  if (specs.length < files.length) throw new Error(`Some of these are gone: ${files.join(', ')}`);
  return specs;
}

/** The specs whose result can depend on the version of Nest, ioredis or Node. */
export function specsForTheMatrix() {
  return ['unit', 'contract', 'e2e'].flatMap(listSpecs).filter(({ file }) => !KNOWS_NONE_OF_THEM.test(file));
}

const KNOWS_NONE_OF_THEM =
  /^(unit\/(core|docs|errors|locking|memory)|e2e\/documents)\/|^unit\/architecture\.spec/;
