import type { Clock } from '../core/clock.interface';
import type { LockNode, NodeHold } from '../core/lock-node.interface';
import { quorumOf } from '../core/quorum';
import type { LockInspection, NodeInspection } from './lock-inspection.interface';
import { describeOwner } from './owner-token';

/** Asks every node who holds `resource`; a node that does not answer in time is reported with an error. */
export async function inspectNodes(
  nodes: readonly LockNode[],
  clock: Clock,
  timeoutMs: number,
  resource: string,
): Promise<LockInspection> {
  const answers = await Promise.all(nodes.map((node) => inspectNode(node, clock, timeoutMs, resource)));
  return { resource, ...judge(answers), nodes: answers };
}

function judge(answers: readonly NodeInspection[]): Pick<LockInspection, 'state' | 'holder' | 'ttlMs'> {
  const quorum = quorumOf(answers.length);
  const answered = answers.filter(({ error }) => error === undefined);
  if (answered.length < quorum) return { state: 'unknown' };
  for (const { ownerToken } of answered) {
    const same = answered.filter((answer) => answer.ownerToken === ownerToken);
    if (same.length < quorum) continue;
    if (ownerToken === undefined) return { state: 'free' };
    return { state: 'held', holder: describeOwner(ownerToken), ttlMs: quorumTtlMs(same, quorum) };
  }
  return { state: 'contested' };
}

/** A majority keeps it for this long: the shortest ttl of the `quorum` nodes that keep it longest. */
function quorumTtlMs(answers: readonly NodeInspection[], quorum: number): number | undefined {
  const ttls = answers.map(({ ttlMs }) => ttlMs ?? 0).sort((a, b) => b - a);
  return ttls[quorum - 1];
}

function inspectNode(
  node: LockNode,
  clock: Clock,
  timeoutMs: number,
  resource: string,
): Promise<NodeInspection> {
  const about = { node: node.name, status: node.status };
  return new Promise((resolve) => {
    const deadline = clock.schedule(timeoutMs, () => {
      clock.afterArrivedReplies(() => {
        resolve({ ...about, error: new Error(`no answer within ${Math.round(timeoutMs)} ms`) });
      });
    });
    askToInspect(node, resource)
      .then(
        (hold) => {
          resolve({ ...about, ownerToken: hold?.ownerToken, ttlMs: hold?.ttlMs });
        },
        (error: unknown) => {
          resolve({ ...about, error: error instanceof Error ? error : new Error(String(error)) });
        },
      )
      .finally(() => {
        deadline.cancel();
      });
  });
}

/** A node that throws instead of rejecting cannot tell either. */
async function askToInspect(node: LockNode, resource: string): Promise<NodeHold | null> {
  return node.inspect(resource);
}
