import type { AcquireRequest, LineEntry } from '../../ports/lock-node.interface';
import type { RedisLockNode } from '../../redis/redis-lock-node';
import { systemClock } from '../../system/system-clock';
import { type Step, Trial, TTL_MS } from './trial';

const SHARING = 'readers, permits and fair locks';

/**
 * The steps in an order in which each finds what it needs: one lock reads, another waits for it in line and
 * leaves, the first is released.
 */
export function sharingSteps(node: RedisLockNode, timeoutMs: number, resource: string): Step[] {
  const [reader, waiter, holder] = [1, 2, 3].map(() => new Trial(node, timeoutMs)) as [Trial, Trial, Trial];
  const resources = [`${resource}:3`];
  const shared = resources;
  const line: LineEntry = {
    id: waiter.ownerToken,
    ticket: Math.floor(systemClock.wallNow() * 1_000),
    entryMs: TTL_MS,
  };
  const acquire = (trial: Trial, rest: Partial<AcquireRequest>) =>
    trial.vote((vote) => {
      const { ownerToken } = trial;
      node.acquire({ resources, ownerToken, ttlMs: TTL_MS, askHolderTtl: false, ...rest }, vote);
    });
  const release = (trial: Trial, rest: object) =>
    trial.vote((vote) => {
      const { ownerToken } = trial;
      node.release({ resources, ownerToken, wakeWaiters: false, ttlMs: TTL_MS, turnMs: 1, ...rest }, vote);
    });
  // If nothing was granted, there is nothing to extend, to wait for or to release, and the reason was reported.
  const done = new Set<Trial>();
  const once = async (trial: Trial, answer: Promise<void>) => {
    await answer;
    done.add(trial);
  };
  const after = (trial: Trial, ask: () => Promise<void>) => (done.has(trial) ? ask() : Promise.resolve());
  const steps = [
    {
      what: 'lock as a reader',
      try: () => once(reader, acquire(reader, { shared, line: { ...line, id: reader.ownerToken } })),
    },
    {
      what: 'extend a reader',
      try: () =>
        after(reader, () =>
          reader.vote((vote) => {
            node.extend({ resources, ownerToken: reader.ownerToken, ttlMs: TTL_MS, shared }, vote);
          }),
        ),
    },
    {
      what: 'wait in line',
      try: () =>
        after(reader, () =>
          once(
            waiter,
            waiter.denial((vote) => {
              const { ownerToken } = waiter;
              node.acquire({ resources, ownerToken, ttlMs: TTL_MS, askHolderTtl: false, line }, vote);
            }),
          ),
        ),
    },
    {
      what: 'leave a line',
      try: () =>
        after(waiter, () =>
          waiter.vote((vote) => {
            node.leave({ resources, line, ownerToken: waiter.ownerToken, wakeWaiters: false }, vote);
          }),
        ),
    },
    {
      what: 'take a permit',
      try: () => once(holder, acquire(holder, { limit: { limit: 2, permits: 1, start: 0 } })),
    },
    { what: 'release a permit', try: () => after(holder, () => release(holder, { slots: 'all' })) },
    { what: 'release a reader', try: () => after(reader, () => release(reader, { shared })) },
  ];
  return steps.map((step) => ({ ...step, affected: SHARING }));
}
