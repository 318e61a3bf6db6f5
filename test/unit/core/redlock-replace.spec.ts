import type { ReleaseRequest } from '../../../lib/core/lock-node.interface';
import { Redlock } from '../../../lib/core/redlock';
import { DENIED, FAILED, GRANTED, HEALED, ScriptedNode } from '../../helpers/scripted-node';
import { FENCING } from '../../helpers/fleet';
import { unguarded } from '../../helpers/unguarded';
import { settle, VirtualClock } from '../../helpers/virtual-clock';
import { watch } from '../../helpers/watch';

const REPLACED = { kind: 'granted', replaced: true } as const;

async function held() {
  const clock = new VirtualClock();
  const nodes = ['a', 'b', 'c'].map((name) => new ScriptedNode(name));
  let tokens = 0;
  const redlock = new Redlock({
    nodes,
    clock,
    nodeTimeoutMs: 500,
    newOwnerToken: () => `token-${++tokens}`,
    fencing: FENCING,
    guard: unguarded(nodes),
  });
  const attempt = redlock.acquire(['r'], { ttlMs: 10_000 });
  for (const node of nodes) node.answer('acquire', GRANTED);
  const won = await attempt;
  if (won.outcome !== 'won') throw new Error('not won');
  const replace = (votes: readonly object[]) => {
    const { attempt, release } = redlock.replace(won.hold, { ttlMs: 10_000, fencing: false });
    votes.forEach((vote, i) => nodes[i]?.answer('acquire', vote));
    return { attempt: watch(attempt), release: watch(release) };
  };
  return { clock, nodes, redlock, hold: won.hold, replace };
}

describe('a hold that takes the place of another', () => {
  it.each([
    ['released', 'won', [REPLACED, REPLACED, REPLACED]],
    ['released', 'won', [REPLACED, REPLACED, FAILED]],
    ['expired', 'won', [GRANTED, GRANTED, REPLACED]],
    ['unknown', 'won', [GRANTED, REPLACED, FAILED]],
    ['expired', 'busy', [DENIED, DENIED, REPLACED]],
    ['unknown', 'busy', [DENIED, REPLACED, FAILED]],
    ['unknown', 'unavailable', [REPLACED, FAILED, FAILED]],
  ] as const)('tells that the old one is %s, and the new one %s, by %j', async (released, outcome, votes) => {
    const { replace } = await held();

    const { attempt, release } = replace(votes);
    await settle();

    expect(release.value?.outcome).toBe(released);
    expect(attempt.value?.outcome).toBe(outcome);
  });

  it('does not know of the old one, and has no new one, when nobody answers', async () => {
    const { clock, nodes, replace } = await held();

    const { attempt, release } = replace([]);
    await clock.advance(500);

    expect(release.value?.outcome).toBe('unknown');
    expect(attempt.value?.outcome).toBe('unavailable');
    // Both tokens, since either may be there.
    for (const node of nodes) {
      const tokens = node.requestsOf('release').map(({ ownerToken }) => ownerToken);
      expect(tokens.sort()).toEqual(['token-1', 'token-2']);
    }
  });

  it.each([
    [
      'wakes those who wait when it did not get through, since the old hold ends',
      [REPLACED, FAILED, FAILED],
      true,
    ],
    ['wakes nobody when it has the resource', [REPLACED, REPLACED, FAILED], false],
  ] as const)('%s', async (_, votes, isWoken) => {
    const { nodes, replace } = await held();

    replace(votes);
    await settle();

    const requests = nodes.flatMap((node) => node.requestsOf('release')) as ReleaseRequest[];
    expect(requests.length).toBeGreaterThan(0);
    expect(requests.map(({ wakeWaiters }) => wakeWaiters)).toEqual(requests.map(() => isWoken));
  });

  it('lets nothing extend the old one, not even while the nodes are asked', async () => {
    const { nodes, redlock, hold, replace } = await held();

    replace([]);
    const extension = await redlock.extend(hold, 10_000);

    expect(extension.outcome).toBe('expired');
    expect(nodes.flatMap((node) => node.requestsOf('extend'))).toEqual([]);
  });

  it('removes the old one where it is put back late', async () => {
    const { nodes, redlock, hold, replace } = await held();
    const extending = redlock.extend(hold, 10_000);
    for (const position of [0, 1]) nodes[position]?.answer('extend', GRANTED);
    await extending;
    replace([REPLACED, REPLACED]);
    await settle();
    expect(nodes[2]?.requestsOf('release')).toEqual([]);

    nodes[2]?.answer('extend', HEALED);

    expect(nodes[2]?.requestsOf('release')).toMatchObject([{ ownerToken: hold.ownerToken }]);
  });
});
