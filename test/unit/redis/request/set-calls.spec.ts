import type { AcquireRequest, LineEntry, ReleaseRequest } from '../../../../lib/ports/lock-node.interface';
import { SET_ASKS } from '../../../../lib/redis/script/batch-codes';
import { SetCalls } from '../../../../lib/redis/request/set-calls';

const calls = new SetCalls('lock:', (key) => `#fence:${key}`);

/** As a batch takes it. */
const inBatch = (verb: string, { keys, args }: ReturnType<SetCalls['acquire']>) => ({
  keys,
  text: `${verb}${keys.length}\n${args.join('\n')}\n`,
});

const LINE: LineEntry = { id: 'me', entryMs: 1_000 };

describe('the short forms of a batch', () => {
  it.each<[string, Partial<AcquireRequest> & { line: LineEntry }]>([
    ['a reader', { shared: ['a'], line: LINE }],
    ['a writer in line', { line: { ...LINE, ticket: 1_790_000_000_000_001 } }],
    ['one that takes a hold over', { shared: ['a'], replaces: 'before', line: LINE }],
  ])('say of %s what its own script takes', (_, more) => {
    const request = { resources: ['a'], ownerToken: 'anna', ttlMs: 99.5, askHolderTtl: false, ...more };
    const keys: string[] = [];

    const text = calls.newcomerIn(keys, request, more.line);

    expect({ keys, text }).toEqual(inBatch(SET_ASKS.acquireOne, calls.acquire(['lock:a'], request)));
  });

  it.each<[string, Partial<ReleaseRequest>]>([
    ['a reader', { shared: ['a'] }],
    ['a permit', { slots: [3] }],
    ['several permits', { slots: [0, 4] }],
    ['all that a token has', { slots: 'all' }],
    ['an exclusive lock', {}],
  ])('say of the release of %s what its own script takes', (_, more) => {
    const request = {
      resources: ['a'],
      ownerToken: 'anna',
      ttlMs: 99,
      wakeWaiters: true,
      turnMs: 50,
      ...more,
    };
    const keys: string[] = [];

    const text = calls.releaseIn(keys, request, 1, 3);

    expect({ keys, text }).toEqual(inBatch(SET_ASKS.releaseOne, calls.release(['lock:a'], request, 1, 3)));
  });
});
