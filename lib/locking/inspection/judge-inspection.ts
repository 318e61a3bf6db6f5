import { quorumOf } from '../../core/quorum';
import type { HolderInspection, LockInspection, NodeInspection } from '../api/lock-inspection.interface';
import { describeOwner } from '../api/owner-token';

type Judgement = Omit<LockInspection, 'resource' | 'nodes'>;

/** The result of the answers of all nodes. */
export function judge(answers: readonly NodeInspection[]): Judgement {
  const quorum = quorumOf(answers.length);
  const answered = answers.filter(({ error }) => error === undefined);
  const waiting = Math.max(0, ...answered.map((answer) => answer.waiting ?? 0));
  if (answered.length < quorum) return { state: 'unknown', holders: [], waiting };
  const holders = holdersOn(answered, quorum);
  const [first] = holders;
  if (first !== undefined) {
    return { state: 'held', mode: first.slot === undefined ? 'shared' : 'limited', holders, waiting };
  }
  const free = answered.filter(isFree);
  const foreign = answered.flatMap(({ foreignType }) => foreignType ?? []);
  if (free.length >= quorum) return { state: 'free', holders, waiting };
  if (foreign.length >= quorum) return { state: 'foreign', foreignType: foreign[0], holders, waiting };
  for (const { ownerToken } of answered) {
    const same = answered.filter((answer) => answer.ownerToken === ownerToken);
    if (ownerToken === undefined || same.length < quorum) continue;
    const ttlMs = quorumTtlMs(
      same.map((answer) => answer.ttlMs ?? 0),
      quorum,
    );
    return { state: 'held', mode: 'exclusive', holder: describeOwner(ownerToken), ttlMs, holders, waiting };
  }
  return { state: 'contested', holders, waiting };
}

function isFree({ ownerToken, holders, foreignType }: NodeInspection): boolean {
  return ownerToken === undefined && holders === undefined && foreignType === undefined;
}

/** The readers and holders of permits on a majority, sorted by their permits. */
function holdersOn(answered: readonly NodeInspection[], quorum: number): HolderInspection[] {
  const found = new Map<string, { ownerToken: string; slot: number | undefined; ttlsMs: number[] }>();
  for (const { ownerToken, slot, ttlMs } of answered.flatMap(({ holders = [] }) => holders)) {
    const name = `${slot ?? ''}|${ownerToken}`;
    const known = found.get(name);
    if (known === undefined) found.set(name, { ownerToken, slot, ttlsMs: [ttlMs] });
    else known.ttlsMs.push(ttlMs);
  }
  return [...found.values()]
    .filter(({ ttlsMs }) => ttlsMs.length >= quorum)
    .sort((a, b) => (a.slot ?? -1) - (b.slot ?? -1))
    .map(({ ownerToken, slot, ttlsMs }) => ({
      ...describeOwner(ownerToken),
      ttlMs: quorumTtlMs(ttlsMs, quorum) ?? 0,
      nodeCount: ttlsMs.length,
      ...(slot === undefined ? {} : { slot }),
    }));
}

/** The time for which a majority keeps it: the shortest ttl of the `quorum` nodes that keep it longest. */
function quorumTtlMs(ttlsMs: readonly number[], quorum: number): number | undefined {
  return [...ttlsMs].sort((a, b) => b - a)[quorum - 1];
}
