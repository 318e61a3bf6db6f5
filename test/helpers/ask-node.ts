import type {
  AcquireRequest,
  AcquireVote,
  ExtendRequest,
  ExtendVote,
  LeaveRequest,
  LeaveVote,
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

/** What is told to waiters is another one each time, as the port asks for. */
export function leave(
  node: LockNode,
  resources: string | string[],
  request: Partial<Omit<LeaveRequest, 'resources'>> & Pick<LeaveRequest, 'line'>,
): Promise<LeaveVote> {
  const ownerToken = `left-${(departures += 1)}`;
  const whole = { wakeWaiters: false, ownerToken, ...request, resources: [resources].flat() };
  return new Promise((resolve) => {
    node.leave?.(whole, resolve);
  });
}

let departures = 0;

/** The permits that a vote grants. */
export async function slotsOf(vote: Promise<AcquireVote>): Promise<readonly number[] | undefined> {
  const given = await vote;
  return given.kind === 'granted' ? given.slots : undefined;
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
