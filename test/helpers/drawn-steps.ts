import fc from 'fast-check';
import type {
  AcquireRequest,
  ExtendRequest,
  LeaveRequest,
  LockNode,
  ReleaseRequest,
} from '../../lib/ports/lock-node.interface';

/** In one slot, so that a node of a Redis Cluster could be asked for both. */
export const RESOURCES = ['{a}x', '{a}y'];
export const IDS = ['i1', 'i2', 'i3'];
/** Some are drawn more often, so that a release or a hand-over finds its own token. */
const TOKENS = ['t1', 't1', 't1', 't1', 't2', 't2', 't3'];
export const FIRST_TICKET = 1_790_000_000_000_000;

/** Times are told apart by this much, and a case is over in less than half of it. */
const APART_MS = 20_000;

/** What a node is asked, drawn at random. Few names and tokens, so that the requests meet each other. */
export type AskStep =
  | { readonly verb: 'acquire'; readonly request: AcquireRequest }
  | { readonly verb: 'extend'; readonly request: ExtendRequest }
  | { readonly verb: 'release'; readonly request: ReleaseRequest }
  | { readonly verb: 'leave'; readonly request: LeaveRequest };

export const drawnToken = fc.constantFrom(...TOKENS);
const ms = fc.integer({ min: 1, max: 8 }).map((times) => (times + 0.5) * APART_MS);
const some = fc.subarray(RESOURCES, { minLength: 1 });
const slot = fc.nat({ max: 3 });

const entry = fc.record(
  {
    id: fc.constantFrom(...IDS),
    entryMs: ms,
    ticket: fc.integer({ min: 1, max: 3 }).map((ticket) => FIRST_TICKET + ticket),
  },
  { requiredKeys: ['id', 'entryMs'] },
);

/** Readers, writers and both; or permits of one resource. */
const wanted = fc.oneof(
  fc.record({ resources: some, shared: fc.subarray(RESOURCES) }),
  fc
    .record({ limit: fc.integer({ min: 1, max: 4 }), start: slot, picks: fc.shuffledSubarray([0, 1, 2, 3]) })
    .chain(({ limit, start, picks }) =>
      fc.record({
        resources: fc.constantFrom(...RESOURCES).map((resource) => [resource]),
        limit: fc
          .record({ permits: fc.integer({ min: 1, max: limit }), isExact: fc.boolean(), swap: fc.boolean() })
          .map(({ permits, isExact, swap }) => {
            const below = picks.filter((pick) => pick < limit).slice(0, permits);
            const exact = isExact && below.length > 0 ? { exact: below, swap } : {};
            return {
              limit,
              start: start % limit,
              permits: isExact ? below.length || permits : permits,
              ...exact,
            };
          }),
      }),
    ),
);

/** @param fence drawn for some of the requests; `undefined` for none */
function acquires(fence: fc.Arbitrary<AcquireRequest['fence']>): fc.Arbitrary<AskStep> {
  return fc
    .record(
      {
        wanted,
        ownerToken: drawnToken,
        ttlMs: ms,
        askHolderTtl: fc.boolean(),
        fence,
        replaces: drawnToken,
        line: entry,
      },
      { requiredKeys: ['wanted', 'ownerToken', 'ttlMs', 'askHolderTtl', 'fence'] },
    )
    .filter(({ ownerToken, replaces }) => ownerToken !== replaces)
    .map(({ wanted: what, line, fence: drawn, ...rest }) => {
      const permits = 'limit' in what ? { permits: what.limit.permits } : {};
      return {
        verb: 'acquire',
        request: {
          ...rest,
          ...what,
          ...(drawn === undefined ? {} : { fence: drawn }),
          ...(line === undefined ? {} : { line: { ...line, ...permits } }),
        },
      };
    });
}

const kept = fc.oneof(
  fc.record({ resources: some, shared: fc.subarray(RESOURCES) }),
  fc.record({
    resources: fc.constantFrom(...RESOURCES).map((resource) => [resource]),
    slots: fc.uniqueArray(slot, { minLength: 1, maxLength: 3 }),
  }),
);

const extendStep = fc
  .record(
    { kept, ownerToken: drawnToken, ttlMs: ms, replaces: drawnToken, putsBack: fc.boolean() },
    { requiredKeys: ['kept', 'ownerToken', 'ttlMs'] },
  )
  .filter(({ ownerToken, replaces }) => ownerToken !== replaces)
  .map(({ kept: what, ...rest }): AskStep => ({ verb: 'extend', request: { ...rest, ...what } }));

/** @param wakeWaiters whether those who wait are told, of some of the releases */
function releases(wakeWaiters: fc.Arbitrary<boolean>): fc.Arbitrary<AskStep> {
  return fc
    .record(
      { kept, ownerToken: drawnToken, keepMs: ms, line: entry, turnMs: ms, isAll: fc.boolean(), wakeWaiters },
      { requiredKeys: ['kept', 'ownerToken', 'isAll', 'wakeWaiters'] },
    )
    .map(({ kept: what, isAll, line, ...rest }) => {
      const permits = 'slots' in what ? { permits: what.slots.length } : {};
      const slots = 'slots' in what ? { slots: isAll ? ('all' as const) : what.slots } : {};
      const back = line === undefined ? {} : { line: { ...line, ...permits } };
      return { verb: 'release', request: { ttlMs: 1, ...rest, ...what, ...slots, ...back } };
    });
}

const leaveStep = fc
  .record({ kept, id: fc.constantFrom(...IDS) })
  .map(({ kept: { resources, ...what }, id }): AskStep => {
    const line = 'slots' in what ? { id, permits: what.slots.length } : { id };
    const shared = 'shared' in what ? { shared: what.shared } : {};
    return { verb: 'leave', request: { resources, line, ownerToken: 'left', wakeWaiters: false, ...shared } };
  });

/** Those of exclusive locks without a line, as nearly all are. */
export function plainSteps(
  fence: fc.Arbitrary<AcquireRequest['fence']>,
  wakeWaiters: fc.Arbitrary<boolean>,
): { weight: number; arbitrary: fc.Arbitrary<AskStep> }[] {
  // Few of them: plain requests travel together only if their ttl is the same.
  const ttlMs = fc.constantFrom(1.5 * APART_MS, 1.5 * APART_MS, 3.5 * APART_MS);
  const what = { resources: some, ownerToken: drawnToken, ttlMs };
  const replaces = fc.option(drawnToken, { nil: undefined });
  const isAnother = ({
    ownerToken,
    replaces: ending,
  }: {
    ownerToken: string;
    replaces?: string | undefined;
  }) => ownerToken !== ending;
  const acquire = fc.record({ ...what, askHolderTtl: fc.boolean(), fence, replaces }).filter(isAnother);
  const extend = fc.record({ ...what, replaces }).filter(isAnother);
  const release = fc.record({ ...what, wakeWaiters });
  return [
    {
      weight: 4,
      arbitrary: acquire.map(({ fence: drawn, replaces: ending, ...rest }) => ({
        verb: 'acquire',
        request: {
          ...rest,
          ...(drawn === undefined ? {} : { fence: drawn }),
          ...(ending === undefined ? {} : { replaces: ending }),
        },
      })),
    },
    { weight: 3, arbitrary: extend.map((request) => ({ verb: 'extend', request })) },
    { weight: 3, arbitrary: release.map((request) => ({ verb: 'release', request })) },
  ];
}

/** With their weights, for `fc.oneof`. */
export function drawnSteps({
  fence = fc.constant(undefined),
  wakeWaiters = fc.constant(false),
}: {
  fence?: fc.Arbitrary<AcquireRequest['fence']>;
  wakeWaiters?: fc.Arbitrary<boolean>;
} = {}): { weight: number; arbitrary: fc.Arbitrary<AskStep> }[] {
  return [
    { weight: 6, arbitrary: acquires(fence) },
    { weight: 2, arbitrary: extendStep },
    { weight: 3, arbitrary: releases(wakeWaiters) },
    { weight: 1, arbitrary: leaveStep },
  ];
}

export function askStep(node: LockNode, step: AskStep): Promise<object> {
  return new Promise((resolve) => {
    if (step.verb === 'acquire') node.acquire(step.request, resolve);
    else if (step.verb === 'extend') node.extend(step.request, resolve);
    else if (step.verb === 'release') node.release(step.request, resolve);
    else node.leave?.(step.request, resolve);
  });
}

/** As `APART_MS` tells times apart. */
export function roughly(timeMs: number | undefined): number | undefined {
  return timeMs === undefined ? undefined : Math.floor(timeMs / APART_MS);
}
