import fc from 'fast-check';
import type { Clock } from '../../lib/ports/clock.interface';
import type { Lease } from '../../lib/core/lease';
import { Redlock } from '../../lib/core/redlock';
import { FaultyNode } from '../helpers/faulty-node';
import { FENCING } from '../helpers/fleet';
import { unguarded } from '../helpers/unguarded';
import { settle, VirtualClock } from '../helpers/virtual-clock';

const RESOURCES = ['a', 'b'];
const CLIENTS = 3;
const TTL_MS = 400;

/** A machine whose wall clock is off, further than proposals are believed at times. */
const offMs = fc.oneof(fc.constant(0), fc.integer({ min: -40_000, max: 40_000 }));
const node = fc.nat(4);
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('acquire' as const),
      client: fc.nat(CLIENTS - 1),
      resources: fc.constantFrom<readonly string[]>(['a'], ['a'], ['b'], ['a', 'b']),
      leaderFirst: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('release' as const), pick: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('handOver' as const), pick: fc.nat() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('fault' as const),
      node,
      fault: fc.constantFrom('stalled' as const, 'mute' as const, 'deaf' as const, 'refused' as const),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('recover' as const), node }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('steal' as const),
      node,
      resource: fc.constantFrom(...RESOURCES),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 300 }) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function offBy(clock: Clock, ms: number): Clock {
  return {
    now: () => clock.now(),
    wallNow: () => clock.wallNow() + ms,
    schedule: (delayMs, callback) => clock.schedule(delayMs, callback),
    afterArrivedReplies: (callback) => {
      clock.afterArrivedReplies(callback);
    },
    inLaterTurn: (callback) => {
      clock.inLaterTurn(callback);
    },
  };
}

/** A hold that was won, and what it must be above of. */
interface Won {
  readonly lease: Lease;
  /** So many had been won when its attempt began. */
  readonly wonBefore: number;
  /** Somebody deleted a key meanwhile, so others may have won as well: it need not be above what these got. */
  readonly isRobbed: boolean;
}

/** Several clients on nodes with faults, whose wall clocks all differ. */
class FencedHistory {
  /** In the order in which they were won. */
  readonly won: Won[] = [];
  private readonly clock = new VirtualClock();
  private readonly nodes: readonly FaultyNode[];
  private readonly clients: readonly Redlock[];
  private tokens = 0;
  private thefts = 0;

  constructor(nodeCount: number, latencies: readonly number[], offsMs: readonly number[]) {
    this.nodes = Array.from({ length: nodeCount }, (_, position) => {
      const made = new FaultyNode(`node-${position}`, offBy(this.clock, offsMs[position] ?? 0));
      made.latencyMs = latencies[position] ?? 0;
      return made;
    });
    this.clients = Array.from(
      { length: CLIENTS },
      (_, client) =>
        new Redlock({
          nodes: this.nodes,
          clock: offBy(this.clock, offsMs[nodeCount + client] ?? 0),
          nodeTimeoutMs: 50,
          newOwnerToken: () => `token-${++this.tokens}`,
          fencing: FENCING,
          guard: unguarded(this.nodes),
        }),
    );
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const one of steps) {
      await this.take(one);
      await settle();
    }
    for (const one of this.nodes) one.recover();
    await this.clock.advance(4 * TTL_MS);
  }

  private async take(one: Step): Promise<void> {
    switch (one.do) {
      case 'acquire':
        this.note(
          this.client(one.client).acquireAsync(one.resources, {
            ttlMs: TTL_MS,
            fencing: true,
            leaderFirst: one.leaderFirst,
          }),
        );
        return;
      case 'release':
      case 'handOver': {
        const lease = this.won[one.pick % Math.max(1, this.won.length)]?.lease;
        if (lease === undefined || lease.releaseBegan) return;
        const client = this.client(one.pick % CLIENTS);
        if (one.do === 'release') void client.releaseAsync(lease);
        else this.note(client.handOver(lease, { ttlMs: TTL_MS, fencing: true, atOnce: true }).attempt);
        return;
      }
      case 'fault': {
        const faulty = this.node(one.node);
        if (faulty.fault !== 'none') return;
        if (one.fault === 'refused') faulty.refuse();
        else faulty.fault = one.fault;
        return;
      }
      case 'recover':
        this.node(one.node).recover();
        return;
      case 'steal':
        this.thefts += 1;
        await this.node(one.node).steal(one.resource);
        return;
      case 'advance':
        await this.clock.advance(one.ms);
    }
  }

  private note(attempt: ReturnType<Redlock['acquireAsync']>): void {
    const { thefts, won } = this;
    const wonBefore = won.length;
    void attempt.then((result) => {
      if (result.outcome === 'won')
        won.push({ lease: result.lease, wonBefore, isRobbed: this.thefts > thefts });
    });
  }

  private client(number: number): Redlock {
    return this.clients[number] as Redlock;
  }

  private node(number: number): FaultyNode {
    return this.nodes[number % this.nodes.length] as FaultyNode;
  }
}

function expectGrowth(won: readonly Won[], resource: string): void {
  const tokens = won.map(({ lease }) =>
    lease.resources.includes(resource) ? (lease.fencingToken ?? NaN) : 0,
  );
  for (const [i, token] of tokens.entries()) {
    if (token === 0) continue;
    expect(Number.isSafeInteger(token)).toBe(true);
    const { isRobbed, wonBefore } = won[i] as Won;
    const before = tokens.slice(0, isRobbed ? wonBefore : i);
    expect(token).toBeGreaterThan(Math.max(0, ...before));
    // And nobody has the same.
    expect(tokens.indexOf(token)).toBe(i);
  }
}

const history = fc.record({
  nodeCount: fc.constantFrom(2, 3, 3, 4, 5),
  latencies: fc.array(fc.constantFrom(0, 2, 10, 45), { minLength: 5, maxLength: 5 }),
  offsMs: fc.array(offMs, { minLength: 5 + CLIENTS, maxLength: 5 + CLIENTS }),
  steps: fc.array(step, { minLength: 10, maxLength: 60 }),
});

describe('fencing tokens', () => {
  it('grow from hold to hold of a resource, whatever the clocks say and whatever fails', async () => {
    let holds = 0;
    await fc.assert(
      fc.asyncProperty(history, async ({ nodeCount, latencies, offsMs, steps }) => {
        const run = new FencedHistory(nodeCount, latencies, offsMs);

        await run.run(steps);

        holds += run.won.length;
        for (const resource of RESOURCES) expectGrowth(run.won, resource);
      }),
      { numRuns: 250 },
    );
    // Else it would say nothing.
    expect(holds).toBeGreaterThan(250);
  });
});
