import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/lib/paths.mjs';

const bench = join(root, 'bench');

/** The contenders. `module` is a file of `contenders/`; `package` is the package with the version. */
export const us = { name: 'nestjs-redlock', module: 'nestjs-redlock', version: versionIn(root) };

export const floor = {
  name: 'raw ioredis (floor)',
  module: 'floor',
  version: versionOf('ioredis'),
};

/**
 * `crowdRetryMs` is the delay between attempts when 32 callers want one lock. It was found by trying 2 to 200
 * ms. With a shorter delay the attempts collide, and there are fewer locks per second. In all other parts the
 * delay is 5 ms.
 */
export const peers = [
  peer('redlock', 'redlock', 200),
  peer('@sesamecare-oss/redlock', 'sesamecare-redlock', 200),
  peer('redis-semaphore', 'redis-semaphore', 120),
  peer('redlock-universal', 'redlock-universal', 120),
];

/**
 * The version of the client with which the library was built, and that of all others. They should be the
 * same.
 */
export function clientVersions() {
  return { ours: versionIn(join(root, 'node_modules', 'ioredis')), peers: versionOf('ioredis') };
}

function peer(name, module, crowdRetryMs) {
  return { name, module, crowdRetryMs, version: versionOf(name) };
}

function versionOf(name) {
  return versionIn(join(bench, 'node_modules', name));
}

function versionIn(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version.replace(/^v/, '');
  } catch {
    return 'not installed';
  }
}
