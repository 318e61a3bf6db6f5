import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/lib/paths.mjs';

const bench = join(root, 'bench');

/** Who is measured. `module` is a file of `contenders/`; `package` is where its version comes from. */
export const us = { name: 'nestjs-redlock', module: 'nestjs-redlock', version: versionIn(root) };

export const floor = {
  name: 'raw ioredis (floor)',
  module: 'floor',
  version: versionOf('ioredis'),
};

/**
 * `crowdRetryMs`: how long they wait between attempts when 32 want one lock; found by trying 2 to 200 ms. Shorter ones
 * cost them locks per second, since the attempts collide. Elsewhere it is 5 ms.
 */
export const peers = [
  peer('redlock', 'redlock', 200),
  peer('@sesamecare-oss/redlock', 'sesamecare-redlock', 200),
  peer('redis-semaphore', 'redis-semaphore', 120),
  peer('redlock-universal', 'redlock-universal', 120),
];

/** The client that the library was built with, and the one that all others use. They should be the same. */
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
