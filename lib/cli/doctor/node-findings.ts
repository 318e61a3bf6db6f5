import { FENCE_COUNTERS } from '../../ports/reserved-names';
import type { InfoLines } from '../../redis/server/info-lines';
import type { Finding, NodeFinding } from './finding';
import type { NodeFacts, Refusal } from './node-facts';
import { findingsAboutServer } from './server-findings';

/** The findings about one node by itself. */
export function findingsAboutNode(facts: NodeFacts, keyPrefix: string, maxTtlMs: number): Finding[] {
  const { node, error, isCluster, servers } = facts;
  if (error !== undefined) return [{ ...unreachable(error), node }];
  const ofServers = servers.flatMap((server) =>
    findingsAboutServer(server, maxTtlMs, servers).map((finding) => ({
      ...finding,
      node: isCluster ? `${node} ${server.server}` : node,
    })),
  );
  const ofNode = [...clusterFindings(facts), ...rightsFindings(facts, keyPrefix)];
  return [
    { level: 'ok', check: 'reachable', message: 'answers', node },
    ...ofServers,
    ...about(node, ofNode),
  ];
}

function about(node: string, findings: readonly NodeFinding[]): Finding[] {
  return findings.map((finding) => ({ ...finding, node }));
}

function unreachable(error: string): NodeFinding {
  return {
    level: 'error',
    check: 'reachable',
    message: `cannot be used: ${error}`,
    meaning: 'it grants no lock; without a quorum of the nodes no lock can be acquired',
    fix: fixOfUnreachable(error),
  };
}

function fixOfUnreachable(error: string): string {
  if (error.includes('access database'))
    return 'name a database in its URL that the user may use, or permit this one: ACL SETUSER <user> db=<number>';
  if (/NOAUTH|WRONGPASS|NOPERM/.test(error))
    return 'check user and password in its URL, and the ACL of the user';
  if (error.includes('protected mode'))
    return 'give the server a password, and write it into the URL; or protected-mode no where a firewall protects it';
  if (error.includes('BUSY'))
    return 'SCRIPT KILL there, and look for the program whose scripts take so long: SLOWLOG GET';
  if (error.includes('LOADING')) return 'wait until it has loaded its data from the disk';
  return 'start it, or check its address, the firewall and TLS';
}

function clusterFindings({ isCluster, servers, cluster }: NodeFacts): NodeFinding[] {
  if (isCluster) return [clusterState(cluster, servers.length)];
  if (!servers.some(({ info }) => info?.cluster_enabled === '1')) return [];
  return [
    {
      level: 'error',
      check: 'cluster',
      message: 'one server of a Redis Cluster, used as if it were alone',
      meaning: 'it refuses the resources whose slots are on other servers',
      fix: 'give the cluster as one node: redis+cluster://…, in code `new Cluster([…])` of ioredis',
    },
  ];
}

function clusterState(cluster: InfoLines | undefined, masters: number): NodeFinding {
  const check = 'cluster';
  const state = cluster?.cluster_state;
  if (state === undefined)
    return { level: 'unknown', check, message: 'cannot tell the state of the cluster' };
  const slots = `${cluster?.cluster_slots_ok ?? '?'} of 16384 slots`;
  const message = `${masters} masters, state ${state}, ${slots}`;
  if (state === 'ok' && cluster?.cluster_slots_ok === '16384') {
    const meaning = 'counts as one node; a failover inside of it can forget a lock';
    return { level: 'ok', check, message, meaning };
  }
  return {
    level: 'error',
    check,
    message,
    meaning: 'resources in the missing slots cannot be locked on it',
    fix: 'redis-cli --cluster check <host>:<port>',
  };
}

function rightsFindings({ isCluster, servers, refusals }: NodeFacts, keyPrefix: string): NodeFinding[] {
  const isUnfit = servers.some(
    ({ info }) => info?.role === 'slave' || (!isCluster && info?.cluster_enabled === '1'),
  );
  // The node refuses every write, or every second one. Another finding has the reason.
  if (isUnfit) return [];
  if (refusals.length === 0)
    return [{ level: 'ok', check: 'rights', message: 'the user may do all that locks need' }];
  const reasons = [...new Set(refusals.map(({ error }) => error))];
  const needsRights = refusals.find(({ error }) => error.includes('NOPERM'));
  return reasons.map((error) => {
    const same = refusals.filter((refusal) => refusal.error === error);
    // One line grants all missing rights.
    const isFirst = same[0] === needsRights;
    const fix = isFirst ? aclLine(keyPrefix) : UNKNOWN_COMMAND.test(error) ? KNOW_COMMAND : undefined;
    return { ...refused(same, error, keyPrefix), fix };
  });
}

const UNKNOWN_COMMAND = /\bunknown command\b/i;
const KNOW_COMMAND =
  'remove its rename-command from redis.conf, which needs a restart; or leave out the proxy that does not pass it on';

function refused(refusals: readonly Refusal[], error: string, keyPrefix: string): NodeFinding {
  const meanings = refusals.flatMap(({ meaning }) => meaning ?? []);
  const isBearable = meanings.length === refusals.length;
  return {
    level: isBearable ? 'warn' : 'error',
    check: 'rights',
    message: `cannot ${refusals.map(({ what }) => what).join(', ')}: ${error}`,
    meaning: (isBearable ? meanings.join('; ') : whatIsMissing(refusals)) + placesIn(error, keyPrefix),
  };
}

function whatIsMissing(refusals: readonly Refusal[]): string {
  const needed = refusals.filter(({ meaning }) => meaning === undefined);
  const affected = new Set(needed.flatMap((refusal) => refusal.affected ?? []));
  return needed.every((refusal) => refusal.affected !== undefined)
    ? `this node has no vote for ${[...affected].join(', nor for ')}`
    : 'locks need it, so this node does not count';
}

/** The possible places of a refusal. A server does not say which keys, or channels, it forbids. */
function placesIn(error: string, keyPrefix: string): string {
  if (!error.includes('NOPERM')) return '';
  if (/\bkeys?\b/.test(error)) {
    return `; its keys are ${keyPrefix}*, among them ${keyPrefix}${FENCE_COUNTERS}*, the counters of fencing tokens`;
  }
  return /\bchannels?\b/.test(error) ? `; its channels have the names of the keys, ${keyPrefix}*` : '';
}

/**
 * The ACL line with all that the library needs, scripts and their commands included. What follows `&` are
 * channels.
 */
export function aclLine(keyPrefix: string): string {
  const commands = [
    ...['ping', 'info', 'select', 'time', 'set', 'get', 'mget', 'del', 'exists', 'pttl', 'pexpire'],
    ...['type', 'zadd', 'zrem', 'zscore', 'zcard', 'zcount', 'zrange', 'zrangebyscore', 'zremrangebyscore'],
    ...['pexpireat', 'eval', 'evalsha', 'script|load'],
    ...['publish', 'subscribe', 'unsubscribe', 'pubsub|numsub'],
  ];
  return `ACL SETUSER <user> ~${keyPrefix}* ~line:* &${keyPrefix}* ${commands.map((name) => `+${name}`).join(' ')}`;
}
