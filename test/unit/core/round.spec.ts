import type { AcquireVote, FailedVote } from '../../../lib/ports/lock-node.interface';
import { cannotBeWon, isWon, quorumOf, type Tally } from '../../../lib/core/quorum';
import { holdRound, type RoundResult } from '../../../lib/core/round';
import { DENIED, FAILED, GRANTED, ScriptedNode } from '../../helpers/scripted-node';
import { settle, VirtualClock } from '../../helpers/virtual-clock';
import { watch } from '../../helpers/watch';

const REQUEST = { resources: ['order:7'], ownerToken: 'token', ttlMs: 1_000, askHolderTtl: false };

function lease({
  nodeCount = 3,
  isSettled,
}: { nodeCount?: number; isSettled?: (tally: Tally) => boolean } = {}) {
  const clock = new VirtualClock();
  const nodes = Array.from({ length: nodeCount }, (_, position) => new ScriptedNode(`node-${position}`));
  const late: { node: string; vote: AcquireVote | FailedVote }[] = [];
  const start = () =>
    watch<RoundResult<AcquireVote>>(
      holdRound<AcquireVote>({
        nodes,
        clock,
        timeoutMs: 500,
        ask: (node, vote) => {
          node.acquire(REQUEST, vote);
        },
        isSettled: isSettled ?? ((tally) => isWon(tally) || cannotBeWon(tally)),
        onLateVote: (node, vote) => late.push({ node: node.name, vote }),
      }),
    );
  const node = (position: number): ScriptedNode => nodes[position] as ScriptedNode;
  return { clock, nodes, node, late, start };
}

const VOTES = [GRANTED, DENIED, FAILED];

/** All sequences of `length` votes. */
function everySplit(length: number): (typeof VOTES)[number][][] {
  if (length === 0) return [[]];
  return everySplit(length - 1).flatMap((votes) => VOTES.map((vote) => [...votes, vote]));
}

/** The position of the vote that decides: a majority of grants, or none possible any more. */
function decidingVote(votes: readonly { kind: string }[]): number {
  const quorum = quorumOf(votes.length);
  return votes.findIndex((_, position) => {
    const soFar = votes.slice(0, position + 1);
    const granted = soFar.filter(({ kind }) => kind === 'granted').length;
    return granted >= quorum || votes.length - (soFar.length - granted) < quorum;
  });
}

describe('a round', () => {
  it.each([1, 2, 3, 4, 5, 6, 7])(
    'of %i settles at the deciding vote, for every split of the votes',
    async (nodeCount) => {
      for (const votes of everySplit(nodeCount)) {
        const { nodes, start } = lease({ nodeCount });
        const round = start();
        const deciding = decidingVote(votes);

        nodes.slice(0, deciding).forEach((node, position) => {
          node.answer('acquire', votes[position]);
        });
        await Promise.resolve();
        expect(round.state).toBe('pending');
        nodes[deciding]?.answer('acquire', votes[deciding]);
        await Promise.resolve();

        expect(round.state).toBe('resolved');
        const granted = votes.slice(0, deciding + 1).filter(({ kind }) => kind === 'granted').length;
        expect(round.value).toMatchObject({ granted, nodes: nodeCount });
      }
    },
  );

  it('of two that disagree settles at the second vote', async () => {
    const { node, start } = lease({ nodeCount: 2 });
    const round = start();

    node(0).answer('acquire', GRANTED);
    node(1).answer('acquire', DENIED);
    await settle();

    expect(round).toMatchObject({ state: 'resolved', value: { granted: 1, denied: 1, failed: 0 } });
  });

  it('of three with one silent node settles without it when the others agree', async () => {
    const { clock, node, start } = lease();
    const round = start();

    node(0).answer('acquire', GRANTED);
    node(2).answer('acquire', GRANTED);
    await settle();

    expect(round.state).toBe('resolved');
    await clock.advance(1_000);
    expect(clock.pendingTimers).toBe(0);
  });

  it('of three with one silent node and one vote each way settles at the deadline', async () => {
    const { clock, node, start } = lease();
    const round = start();
    node(0).answer('acquire', GRANTED);
    node(1).answer('acquire', DENIED);

    await clock.advance(499);
    expect(round.state).toBe('pending');
    await clock.advance(1);

    expect(round).toMatchObject({ state: 'resolved', value: { granted: 1, denied: 1, failed: 1 } });
    expect(round.value?.votes[2]).toMatchObject({
      kind: 'failed',
      error: { message: 'no answer within 500 ms' },
    });
  });

  it('with no nodes settles at once', async () => {
    const { start } = lease({ nodeCount: 0, isSettled: () => false });

    const round = start();
    await settle();

    expect(round.state).toBe('resolved');
  });

  it('asks every node before it settles, although the first ones vote at once', async () => {
    const { nodes, late, start } = lease({ nodeCount: 5 });
    for (const node of nodes)
      node.onAsked = ({ vote }) => {
        vote(GRANTED as never);
      };

    const round = start();
    await settle();

    expect(nodes.map(({ verbs }) => verbs)).toEqual(nodes.map(() => ['acquire']));
    expect(round.value?.granted).toBe(5);
    expect(late).toEqual([]);
  });

  it('hands the same request object to every node', () => {
    const { nodes, start } = lease();

    void start();

    for (const node of nodes) expect(node.requestsOf('acquire')[0]).toBe(REQUEST);
  });

  it('counts a node that throws as failed and asks the next one', async () => {
    const { node, start } = lease();
    node(0).onAsked = () => {
      throw new Error('broken driver');
    };

    const round = start();
    node(1).answer('acquire', GRANTED);
    node(2).answer('acquire', GRANTED);
    await settle();

    expect(round.value?.votes).toEqual([
      { kind: 'failed', error: new Error('broken driver') },
      GRANTED,
      GRANTED,
    ]);
  });

  it('counts a node that throws what is no error as failed, with an error', async () => {
    const { node, start } = lease({ nodeCount: 1 });
    node(0).onAsked = () => {
      throw 'a string' as unknown as Error;
    };

    const round = start();
    await settle();

    expect(round.value?.votes[0]).toEqual({ kind: 'failed', error: new Error('a string') });
  });

  it('keeps the vote of a node that votes and then throws', async () => {
    const { node, start } = lease({ nodeCount: 1 });
    node(0).onAsked = ({ vote }) => {
      vote(GRANTED as never);
      throw new Error('after the vote');
    };

    const round = start();
    await settle();

    expect(round.value).toMatchObject({ granted: 1, failed: 0 });
  });

  it('counts the first vote of a node that votes twice', async () => {
    const { node, late, start } = lease();
    const round = start();

    node(0).answer('acquire', GRANTED);
    node(0).answer('acquire', GRANTED);
    node(0).answer('acquire', DENIED);
    await settle();
    expect(round.state).toBe('pending');
    node(1).answer('acquire', DENIED);
    node(2).answer('acquire', DENIED);
    await settle();

    expect(round.value).toMatchObject({ granted: 1, denied: 2, failed: 0 });
    expect(late).toEqual([]);
  });

  it.each([[undefined], [null], ['granted'], [{}], [{ kind: 'yes' }], [{ kind: 'constructor' }], [true]])(
    'counts %j, which is no vote, as failed',
    async (garbage) => {
      const { node, start } = lease({ nodeCount: 1 });
      const round = start();

      node(0).answer('acquire', garbage);
      await settle();

      expect(round.value).toMatchObject({ granted: 0, denied: 0, failed: 1 });
      expect(round.value?.votes[0]).toMatchObject({ kind: 'failed', error: expect.any(Error) as Error });
    },
  );

  it('hears of a vote that comes after the decision, and counts it no more', async () => {
    const { node, late, start } = lease();
    const round = start();
    node(0).answer('acquire', GRANTED);
    node(1).answer('acquire', GRANTED);
    await settle();

    node(2).answer('acquire', DENIED);
    await settle();

    expect(late).toEqual([{ node: 'node-2', vote: DENIED }]);
    expect(round.value).toMatchObject({ granted: 2, denied: 0, votes: [GRANTED, GRANTED, undefined] });
  });

  it('hears of a vote that comes after the deadline', async () => {
    const { clock, node, late, start } = lease({ nodeCount: 1 });
    const round = start();
    await clock.advance(500);

    node(0).answer('acquire', GRANTED);

    expect(round.value).toMatchObject({ granted: 0, failed: 1 });
    expect(late).toEqual([{ node: 'node-0', vote: GRANTED }]);
  });

  it('reads the replies that arrived during a stall before it calls a node late', async () => {
    const { clock, node, late, start } = lease();
    const round = start();

    clock.stall(10_000);
    clock.replyArrived(() => {
      node(0).answer('acquire', GRANTED);
    });
    clock.replyArrived(() => {
      node(1).answer('acquire', GRANTED);
    });
    await clock.advance(0);

    expect(round.value).toMatchObject({ granted: 2, failed: 0 });
    expect(late).toEqual([]);
  });

  it('calls a node late whose reply had not arrived after a stall', async () => {
    const { clock, node, start } = lease();
    const round = start();

    clock.stall(10_000);
    clock.replyArrived(() => {
      node(0).answer('acquire', GRANTED);
    });
    await clock.advance(0);

    expect(round.value).toMatchObject({ granted: 1, failed: 2 });
  });
});
