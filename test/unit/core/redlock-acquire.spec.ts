import type { ReleaseRequest } from '../../../lib/ports/lock-node.interface';
import { quorumOf } from '../../../lib/core/quorum';
import { Redlock } from '../../../lib/core/redlock';
import type { Attempt } from '../../../lib/core/attempt';
import { remainingMs } from '../../../lib/core/validity';
import { DENIED, FAILED, GRANTED, ScriptedNode } from '../../helpers/scripted-node';
import { FENCING } from '../../helpers/fleet';
import { unguarded } from '../../helpers/unguarded';
import { settle, VirtualClock } from '../../helpers/virtual-clock';
import { watch } from '../../helpers/watch';

const TTL_MS = 1_000;
const VALIDITY_MS = 1_000 - 12;

function setUp(nodeCount = 3, nodeTimeoutMs = 500) {
  const clock = new VirtualClock();
  const nodes = Array.from({ length: nodeCount }, (_, position) => new ScriptedNode(`node-${position}`));
  let tokens = 0;
  const redlock = new Redlock({
    nodes,
    clock,
    nodeTimeoutMs,
    newOwnerToken: () => `token-${++tokens}`,
    fencing: FENCING,
    guard: unguarded(nodes),
  });
  const acquire = () => watch<Attempt>(redlock.acquireAsync(['order:7'], { ttlMs: TTL_MS }));
  const answer = (...votes: unknown[]) => {
    votes.forEach((vote, position) => {
      if (vote !== undefined) nodes[position]?.answer('acquire', vote);
    });
  };
  const released = () => nodes.map((node) => node.requestsOf('release').length);
  const node = (position: number): ScriptedNode => nodes[position] as ScriptedNode;
  return { clock, nodes, node, redlock, acquire, answer, released };
}

function everySplit(length: number): ('granted' | 'denied' | 'failed')[][] {
  if (length === 0) return [[]];
  return everySplit(length - 1).flatMap((votes) =>
    (['granted', 'denied', 'failed'] as const).map((vote) => [...votes, vote]),
  );
}

const VOTES = { granted: GRANTED, denied: DENIED, failed: FAILED };

describe('an attempt to acquire', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'on %i nodes is won with a majority of grants and lost without, for every split of the votes',
    async (nodeCount) => {
      for (const votes of everySplit(nodeCount)) {
        const { nodes, acquire } = setUp(nodeCount);
        nodes.forEach((node, position) => {
          node.onAsked = ({ verb, vote }) => {
            vote((verb === 'acquire' ? VOTES[votes[position] ?? 'failed'] : GRANTED) as never);
          };
        });
        const count = (kind: string) => votes.filter((vote) => vote === kind).length;

        const attempt = acquire();
        await settle();

        const isWon = count('granted') >= quorumOf(nodeCount);
        const isOutage = nodeCount - count('failed') < quorumOf(nodeCount);
        expect([votes, attempt.value?.outcome]).toEqual([
          votes,
          isWon ? 'won' : isOutage ? 'unavailable' : 'busy',
        ]);
      }
    },
  );

  it('uses a fresh owner token every time', async () => {
    const { node, acquire } = setUp(1);

    acquire();
    node(0).answer('acquire', DENIED);
    await settle();
    acquire();

    expect(
      node(0)
        .requestsOf('acquire')
        .map(({ ownerToken }) => ownerToken),
    ).toEqual(['token-1', 'token-2']);
  });

  it('is valid from before the first request left, for the ttl less the drift', async () => {
    const { clock, acquire, answer } = setUp();
    const startedAtMs = clock.now();

    const attempt = acquire();
    clock.stall(300);
    answer(GRANTED, GRANTED);
    await settle();

    const { value } = attempt;
    if (value?.outcome !== 'won') throw new Error('not won');
    expect(value.lease.validUntilMs).toBe(startedAtMs + VALIDITY_MS);
    expect(remainingMs(clock, value.lease)).toBe(VALIDITY_MS - 300);
  });

  it('reads the clock before a node that takes its time inside the request', async () => {
    const { clock, node, acquire } = setUp(1);
    node(0).onAsked = ({ verb, vote }) => {
      clock.stall(verb === 'acquire' ? 300 : 0);
      vote(GRANTED as never);
    };

    const attempt = acquire();
    await settle();

    const { value } = attempt;
    if (value?.outcome !== 'won') throw new Error('not won');
    expect(remainingMs(clock, value.lease)).toBe(VALIDITY_MS - 300);
  });

  it.each([
    [
      'monotonic clock',
      (clock: VirtualClock) => {
        clock.stall(VALIDITY_MS);
      },
    ],
    [
      'wall clock',
      (clock: VirtualClock) => {
        clock.suspend(VALIDITY_MS);
      },
    ],
  ])(
    'is no lock when the grants came after the validity had ended on the %s, and gives all back',
    async (_, pass) => {
      const { clock, acquire, answer, released } = setUp();

      const attempt = acquire();
      pass(clock);
      answer(GRANTED, GRANTED);
      await settle();

      expect(attempt.value).toMatchObject({
        outcome: 'unavailable',
        votes: [
          {
            node: 'node-0',
            vote: 'failed',
            error: { message: expect.stringContaining('so slowly') as string },
          },
          { node: 'node-1', vote: 'failed' },
          { node: 'node-2', vote: 'pending' },
        ],
      });
      expect(released()).toEqual([1, 1, 1]);
    },
  );

  it('is a lock while a moment of validity is left', async () => {
    const { clock, acquire, answer } = setUp();

    const attempt = acquire();
    clock.stall(VALIDITY_MS - 1);
    answer(GRANTED, GRANTED);
    await settle();

    expect(attempt.value?.outcome).toBe('won');
  });

  it('does not wait for votes longer than the ttl could last', async () => {
    const { clock, acquire } = setUp(3, 60_000);

    const attempt = acquire();
    await clock.advance(VALIDITY_MS);

    expect(attempt.value?.outcome).toBe('unavailable');
  });

  it('when lost is released at once on every node but those that denied', async () => {
    const { nodes, acquire, answer, released } = setUp(5);

    acquire();
    answer(GRANTED, DENIED, FAILED, DENIED);
    await settle();

    expect(released()).toEqual([1, 0, 1, 0, 1]);
    for (const position of [0, 2, 4]) {
      expect(nodes[position]?.requestsOf('release')[0]).toEqual({
        resources: ['order:7'],
        ownerToken: 'token-1',
        ttlMs: TTL_MS,
        wakeWaiters: false,
      });
    }
  });

  it('when lost is reported without waiting for its release', async () => {
    const { acquire, answer } = setUp(3);

    const attempt = acquire();
    answer(GRANTED, DENIED, DENIED);
    await settle();

    expect(attempt.state).toBe('resolved');
  });

  it('that no node answered is released on all nodes, since all of them may have it', async () => {
    const { clock, acquire, released } = setUp(3);

    const attempt = acquire();
    await clock.advance(500);

    expect(attempt.value?.outcome).toBe('unavailable');
    expect(released()).toEqual([1, 1, 1]);
  });

  it('releases a grant that arrives after the attempt was lost, again and on that node alone', async () => {
    const { acquire, answer, node, released } = setUp(3);
    acquire();
    answer(DENIED, DENIED);
    await settle();
    expect(released()).toEqual([0, 0, 1]);

    node(2).answer('acquire', GRANTED);
    await settle();

    expect(released()).toEqual([0, 0, 2]);
    expect(node(2).requestsOf('release')[1]).toMatchObject({ ownerToken: 'token-1', wakeWaiters: false });
  });

  it.each([
    ['denial', DENIED],
    ['failure', FAILED],
  ])('leaves a %s that arrives late alone', async (_, vote) => {
    const { acquire, answer, node, released } = setUp(3);
    acquire();
    answer(DENIED, DENIED);
    await settle();

    node(2).answer('acquire', vote);
    await settle();

    expect(released()).toEqual([0, 0, 1]);
  });

  it('keeps a grant that arrives after the attempt was won: it is part of the hold', async () => {
    const { acquire, answer, node, released } = setUp(3);
    acquire();
    answer(GRANTED, GRANTED);
    await settle();

    node(2).answer('acquire', GRANTED);
    await settle();

    expect(released()).toEqual([0, 0, 0]);
  });

  it('releases a grant that arrives after the node has answered the release of the hold', async () => {
    const { redlock, acquire, answer, node } = setUp(3);
    const attempt = acquire();
    answer(GRANTED, GRANTED);
    await settle();
    if (attempt.value?.outcome !== 'won') throw new Error('not won');
    void redlock.releaseAsync(attempt.value.lease);
    node(2).answer('release', DENIED);

    node(2).answer('acquire', GRANTED);

    expect(node(2).requestsOf('release')).toHaveLength(2);
  });

  it('trusts the release of the hold to follow a late grant, while the node has not answered it', async () => {
    const { redlock, acquire, answer, node } = setUp(3);
    const attempt = acquire();
    answer(GRANTED, GRANTED);
    await settle();
    if (attempt.value?.outcome !== 'won') throw new Error('not won');
    void redlock.releaseAsync(attempt.value.lease);

    node(2).answer('acquire', GRANTED);

    expect(node(2).requestsOf('release')).toHaveLength(1);
  });

  it('keeps a grant that arrives after a release that keeps the key until then', async () => {
    const { clock, redlock, acquire, answer, node } = setUp(3);
    const attempt = acquire();
    answer(GRANTED, GRANTED);
    await settle();
    if (attempt.value?.outcome !== 'won') throw new Error('not won');
    void redlock.releaseAsync(attempt.value.lease, 800);
    node(2).answer('release', DENIED);
    clock.stall(300);

    node(2).answer('acquire', GRANTED);

    const requests = node(2).requestsOf('release') as ReleaseRequest[];
    expect(requests.map(({ keepMs }) => keepMs)).toEqual([800, 500]);
  });

  it('tells when a majority may be free at the earliest, from what the nodes told of the holder', async () => {
    const { acquire, answer } = setUp(3);

    const attempt = acquire();
    answer({ kind: 'denied', holderTtlMs: 700 }, { kind: 'denied', holderTtlMs: 900 });
    await settle();

    expect(attempt.value).toMatchObject({ outcome: 'busy', freeInMs: 700 });
  });

  it.each([
    { told: ['anna', 'anna', ''], holder: 'anna' },
    { told: ['anna', 'ben', ''], holder: undefined },
    { told: ['', '', 'anna', 'anna', 'anna'], holder: 'anna' },
    { told: ['', '', 'anna', 'ben', 'anna'], holder: undefined },
  ])('tells of the holder that a majority told of: $told', async ({ told, holder }) => {
    const { acquire, answer } = setUp(told.length);

    const attempt = acquire();
    answer(...told.map((one) => (one === '' ? GRANTED : { ...DENIED, holder: one })));
    await settle();

    expect(attempt.value).toMatchObject({ outcome: 'busy', holder });
  });

  it('names every node with its vote and the error of those that failed', async () => {
    const { acquire, answer } = setUp(5);

    const attempt = acquire();
    answer(GRANTED, DENIED, FAILED, DENIED);
    await settle();

    expect(attempt.value).toMatchObject({
      outcome: 'busy',
      votes: [
        { node: 'node-0', vote: 'granted' },
        { node: 'node-1', vote: 'denied' },
        { node: 'node-2', vote: 'failed', error: FAILED.error },
        { node: 'node-3', vote: 'denied' },
        { node: 'node-4', vote: 'pending' },
      ],
    });
  });
});
