import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { findRedisServer } from '../../scripts/lib/redis-binary.mjs';
import { clientVersions, peers, us } from './contenders.mjs';

/** Describes the machine of the measurement, since another machine gives other figures. */
export function machineRows() {
  const { ours, peers: theirs } = clientVersions();
  return [
    ['', ''],
    ['date', new Date().toISOString().slice(0, 16).replace('T', ' ') + ' UTC'],
    ['CPU', `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`],
    ['load when it began', loadavg()[0].toFixed(2)],
    ['memory', `${(totalmem() / 2 ** 30).toFixed(1)} GiB`],
    ['system', `${platform()} ${release()}`],
    ['Node.js', process.version],
    ['Redis', redisVersion()],
    ['ioredis', ours === theirs ? ours : `${ours} (ours), ${theirs} (peers and floor)`],
    ...[us, ...peers].map(({ name, version }) => [name, version]),
  ];
}

function redisVersion() {
  const printed = execFileSync(findRedisServer(), ['--version'], { encoding: 'utf8' });
  return /v=(\S+)/.exec(printed)?.[1] ?? printed.trim();
}
