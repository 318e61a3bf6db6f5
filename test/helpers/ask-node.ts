import type {
  AcquireRequest,
  AcquireVote,
  ExtendRequest,
  ExtendVote,
  LockNode,
  RaiseFenceRequest,
  RaiseFenceVote,
  ReleaseRequest,
  ReleaseVote,
} from '../../lib/ports/lock-node.interface';
import { until } from './until';

const TTL_MS = 60_000;

type Ask<R> = Partial<Omit<R, 'resources'>> & { ownerToken: string };

export function acquire(
  node: LockNode,
  resources: string | string[],
  request: Ask<AcquireRequest>,
): Promise<AcquireVote> {
  const whole = { ttlMs: TTL_MS, askHolderTtl: false, ...request, resources: [resources].flat() };
  return new Promise((resolve) => {
    node.acquire(whole, resolve);
  });
}

export function extend(
  node: LockNode,
  resources: string | string[],
  request: Ask<ExtendRequest>,
): Promise<ExtendVote> {
  const whole = { ttlMs: TTL_MS, ...request, resources: [resources].flat() };
  return new Promise((resolve) => {
    node.extend(whole, resolve);
  });
}

export function raiseFence(
  node: LockNode,
  resources: string | string[],
  request: Ask<RaiseFenceRequest> & { fence: number },
): Promise<RaiseFenceVote> {
  const whole = { keepMs: 86_400_000, ...request, resources: [resources].flat() };
  return new Promise((resolve) => {
    node.raiseFence(whole, resolve);
  });
}

export function release(
  node: LockNode,
  resources: string | string[],
  request: Ask<ReleaseRequest>,
): Promise<ReleaseVote> {
  const whole = { ttlMs: TTL_MS, wakeWaiters: false, ...request, resources: [resources].flat() };
  return new Promise((resolve) => {
    node.release(whole, resolve);
  });
}

export async function ownerOf(node: LockNode, resource: string): Promise<string | undefined> {
  return (await node.inspect(resource))?.ownerToken;
}

export async function ttlOf(node: LockNode, resource: string): Promise<number> {
  return (await node.inspect(resource))?.ttlMs ?? 0;
}

export async function untilUp(node: LockNode): Promise<void> {
  await until(`${node.name} is up`, () => node.status === 'up');
}
