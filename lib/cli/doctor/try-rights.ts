import { RedisLockNode } from '../../redis/redis-lock-node';
import type { RedisNodeDescription } from '../../redis/client/redis-node-description.interface';
import { systemRandomness } from '../../system/system-randomness';
import { NodeClient } from '../nodes/node-client';
import { channelsOf } from '../nodes/release-ear';
import { settle } from '../nodes/settle';
import { TRIALS } from '../../ports/reserved-names';
import type { Refusal } from './node-facts';
import { sharingSteps } from './sharing-steps';
import { type Step, Trial } from './trial';

/** The step without which no lock is possible. */
export const LOCK_STEP = 'lock';

const SEVERAL = 'locks on several resources';
const FENCED = 'locks with a fencing token';

/**
 * Does once everything that the library needs, on resources of its own, and reports what was refused. They are
 * released again, and would expire soon anyway.
 */
export async function tryRights(
  description: RedisNodeDescription,
  keyPrefix: string,
  timeoutMs: number,
): Promise<Refusal[]> {
  const node = new RedisLockNode(description, { keyPrefix });
  // A connection that listens can do nothing else.
  const [teller, listener] = [new NodeClient(description, timeoutMs), new NodeClient(description, timeoutMs)];
  const resource = TRIALS + systemRandomness.secret().slice(0, 6);
  const channels = channelsOf(keyPrefix, resource);
  try {
    await Promise.all([settle(node, timeoutMs), teller.settle(), listener.settle()]);
    return await refusalsAmong([
      ...lockSteps(new Trial(node, timeoutMs), resource),
      ...sharingSteps(node, timeoutMs, resource),
      ...scriptSteps(teller),
      ...releaseSteps(teller, listener, channels),
    ]);
  } finally {
    await Promise.all([node, teller, listener].map((one) => one.close()));
  }
}

/** The steps in an order in which each finds what it needs. */
function lockSteps(trial: Trial, resource: string): Step[] {
  const several = [`{${resource}}:1`, `{${resource}}:2`];
  return [
    { what: LOCK_STEP, try: () => trial.acquire([resource]) },
    { what: 'extend', try: () => trial.extend([resource]) },
    { what: 'inspect', try: () => trial.inspect(resource) },
    { what: 'release', try: () => trial.release([resource]) },
    { what: 'lock several resources', affected: SEVERAL, try: () => trial.acquire(several) },
    { what: 'release several resources', affected: SEVERAL, try: () => trial.release(several) },
    // Both requests are made in one tick, so that they share a command.
    {
      what: 'lock in a batch',
      try: () => all([trial.acquire([resource]), trial.acquire([`${resource}:2`])]),
    },
    {
      what: 'release in a batch',
      try: () => all([trial.release([resource]), trial.release([`${resource}:2`])]),
    },
    { what: 'lock with a fencing token', affected: FENCED, try: () => trial.acquire([resource], true) },
    {
      what: 'release a lock with a fencing token',
      affected: FENCED,
      try: () => trial.release([resource]),
    },
  ];
}

/**
 * The steps of scripts. Scripts are called by name. Their text is sent before, and again to a server that has
 * forgotten it.
 */
function scriptSteps(client: NodeClient): Step[] {
  return [
    {
      what: 'load a script',
      meaning: 'a second round trip when a server sees a script for the first time',
      try: () => client.ask(() => client.client.send('script', ['LOAD', 'return 1'])),
    },
    {
      what: 'send a script',
      meaning: 'no locks after a server has forgotten its scripts, until the next connection',
      try: () => client.ask(() => client.client.send('eval', ['return 1', 0])),
    },
  ];
}

function releaseSteps(
  teller: NodeClient,
  listener: NodeClient,
  channels: readonly [ofKey: string, ofAll: string],
): Step[] {
  const [channel] = channels;
  return [
    {
      what: 'publish releases',
      meaning: 'nobody is told of releases: waiters get a lock when the ttl of its holder is over',
      try: () => teller.ask(() => teller.client.send('publish', [channel, ''])),
    },
    {
      what: 'count who listens',
      meaning: 'nobody knows how many wait: processes share a busy lock less fairly',
      try: () => teller.ask(() => teller.client.send('pubsub', ['NUMSUB', channel])),
    },
    {
      what: 'listen to releases',
      meaning: 'waiters do not hear of releases, and ask again every 8 to 128 ms',
      try: () => listener.ask(() => listener.client.subscribe(channels)),
    },
    {
      what: 'stop listening',
      meaning:
        'processes go on hearing of resources that they do not wait for any more, and count themselves as waiters',
      try: () => listener.ask(() => listener.client.unsubscribe(channels)),
    },
  ];
}

async function refusalsAmong(steps: readonly Step[]): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  for (const step of steps) {
    try {
      await step.try();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      refusals.push({ what: step.what, error: message, meaning: step.meaning, affected: step.affected });
    }
  }
  return refusals;
}

/** Waits for all promises, even if one of them rejects. */
async function all(tries: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(tries);
  const refused = results.find((result) => result.status === 'rejected');
  if (refused !== undefined) throw refused.reason;
}
