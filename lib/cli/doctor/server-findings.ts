import { clientsFinding, sharedFinding } from './company-findings';
import type { InfoLines } from '../../redis/server/info-lines';
import { showMs } from '../text/show';
import type { NodeFinding } from './finding';
import type { ServerFacts } from './node-facts';
import { isMasterFromBirth } from '../../redis/server/server-info';
import { productOf } from '../../redis/server/server-product';
import { evictionFinding, memoryFinding, persistenceFinding } from './storage-findings';

const OLDEST_VERSION = [6, 2] as const;
const SLOW_MS = 50;
const CLOCK_IS_OFF_MS = 1_000;

/** The findings about one server of a node. A Redis Cluster has several servers. */
export function findingsAboutServer(
  facts: ServerFacts,
  maxTtlMs: number,
  ofNode: readonly ServerFacts[],
): NodeFinding[] {
  const { info } = facts;
  const ofInfo =
    info === undefined
      ? [REFUSED_INFO]
      : [
          roleFinding(info),
          versionFinding(info),
          uptimeFinding(info, maxTtlMs, ofNode),
          evictionFinding(info),
          memoryFinding(info),
          sharedFinding(facts),
          clientsFinding(info),
        ];
  return [...ofInfo, persistenceFinding(facts, maxTtlMs), latencyFinding(facts), clockFinding(facts)];
}

const REFUSED_INFO: NodeFinding = {
  level: 'unknown',
  check: 'info',
  message: 'cannot tell role, version, uptime and eviction: INFO is refused',
  meaning: 'the restart guard needs INFO too, to notice that the server was restarted',
  fix: 'ACL SETUSER <user> +info',
};

function roleFinding(info: InfoLines): NodeFinding {
  const { role, master_host: host, master_port: port } = info;
  if (role === 'master') return { level: 'ok', check: 'role', message: 'a master' };
  if (role !== 'slave') {
    return {
      level: role === undefined ? 'unknown' : 'error',
      check: 'role',
      message: role === undefined ? 'cannot tell the role' : `a ${role}, no master`,
      meaning: 'only masters keep locks',
    };
  }
  return {
    level: 'error',
    check: 'role',
    message: `a replica of ${host ?? 'another server'}:${port ?? '?'}`,
    meaning: 'it refuses every lock, and it is not independent of its master',
    fix: 'name its master instead; or make it an independent master: REPLICAOF NO ONE',
  };
}

function versionFinding(info: InfoLines): NodeFinding {
  const { redis_version: compatible } = info;
  const { name, version } = productOf(info);
  if (compatible === undefined || version === undefined || !/^\d+\.\d+/.test(compatible))
    return { level: 'unknown', check: 'version', message: 'cannot tell the version' };
  const message = `${name} ${version}`;
  // The version of Redis with which it is compatible. It tells what the server can do.
  const [major = 0, minor = 0] = compatible.split('.').map(Number);
  const isTooOld = major < OLDEST_VERSION[0] || (major === OLDEST_VERSION[0] && minor < OLDEST_VERSION[1]);
  if (!isTooOld) return { level: 'ok', check: 'version', message };
  const oldest = OLDEST_VERSION.join('.');
  return {
    level: 'error',
    check: 'version',
    message: `${message}, older than ${oldest}`,
    meaning: 'it cannot keep readers, permits and the line, and the library is not tested with it',
    fix: `upgrade to ${oldest} or later`,
  };
}

function uptimeFinding(info: InfoLines, maxTtlMs: number, ofNode: readonly ServerFacts[]): NodeFinding {
  const uptimeMs = uptimeOf(info);
  if (!Number.isFinite(uptimeMs))
    return { level: 'unknown', check: 'uptime', message: 'cannot tell the uptime' };
  if (uptimeMs >= maxTtlMs) return { level: 'ok', check: 'uptime', message: `up for ${showMs(uptimeMs)}` };
  const leftFor = showMs(maxTtlMs - uptimeMs);
  const mayHaveJoined = isMasterFromBirth(info) && ofNode.some((other) => uptimeOf(other.info) >= maxTtlMs);
  return {
    level: 'warn',
    check: 'uptime',
    message: `started ${showMs(uptimeMs)} ago, less than the largest ttl (${showMs(maxTtlMs)})`,
    meaning: mayHaveJoined
      ? `if it joined the cluster, services that saw it get its slots count its votes; services that start now, and know older nodes, get no vote of the whole cluster for another ${leftFor}`
      : 'it may have forgotten locks from before its start: lock services that saw it restart, or know older nodes, get no vote of it',
    fix: `restart no other node for another ${leftFor}; --wait-trusted waits for that`,
  };
}

function uptimeOf(info: InfoLines | undefined): number {
  return Number(info?.uptime_in_seconds ?? NaN) * 1_000;
}

function latencyFinding({ latency }: ServerFacts): NodeFinding {
  if (latency === undefined)
    return { level: 'unknown', check: 'latency', message: 'cannot tell the latency: PING is refused' };
  const { bestMs, medianMs, worstMs } = latency;
  const message = `${showMs(medianMs)} for a round trip; ${showMs(bestMs)} at best, ${showMs(worstMs)} at worst`;
  if (bestMs < SLOW_MS) return { level: 'ok', check: 'latency', message };
  return {
    level: 'warn',
    check: 'latency',
    message,
    meaning:
      'each acquire, extension and release waits for a quorum; nodeTimeout (500 ms) must be much longer than that',
    fix: 'place the node nearer, or raise nodeTimeout and ttl',
  };
}

function clockFinding({ clock }: ServerFacts): NodeFinding {
  if (clock === undefined)
    return { level: 'unknown', check: 'clock', message: 'cannot tell the time: TIME is refused' };
  const { offsetMs, toleranceMs } = clock;
  const direction = offsetMs < 0 ? 'behind' : 'ahead of';
  const message = `${showMs(Math.abs(offsetMs))} ${direction} this machine, exact to ${showMs(toleranceMs)}`;
  if (Math.abs(offsetMs) - toleranceMs < CLOCK_IS_OFF_MS) return { level: 'ok', check: 'clock', message };
  return {
    level: 'warn',
    check: 'clock',
    message,
    meaning:
      'a clock that is corrected in one step ends locks early or late; fencing tokens depend on the clocks too',
    fix: 'keep the clocks of both machines right with NTP (chrony), which corrects them slowly',
  };
}
