import type { NodeStatus, NodeStatusChange } from '../../../../lib/ports/lock-node.interface';
import { settle } from '../../../../lib/cli/nodes/settle';
import { deferred } from '../../../helpers/deferred';

/** A node whose status changes as it is told, and how many listen to that. */
function node(status: NodeStatus) {
  const listeners = new Set<(change: NodeStatusChange) => void>();
  return {
    status,
    listeners,
    onStatus: (listener: (change: NodeStatusChange) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

describe('a node has settled', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  const isDone = async (settled: Promise<void>) => {
    const done = deferred<boolean>();
    void settled.then(() => {
      done.resolve(true);
    });
    void jest.advanceTimersByTimeAsync(0).then(() => {
      done.resolve(false);
    });
    return done.promise;
  };

  it('when it is no longer connecting: at once, or as soon as it tells', async () => {
    const connecting = node('connecting');
    const settled = settle(connecting, 1_000);

    expect([await isDone(settle(node('up'), 1_000)), await isDone(settled)]).toEqual([true, false]);
    for (const listener of connecting.listeners) listener({ status: 'up' });

    expect(await isDone(settled)).toBe(true);
    expect([connecting.listeners.size, jest.getTimerCount()]).toEqual([0, 0]);
  });

  it('when its time is over', async () => {
    const connecting = node('connecting');
    const settled = settle(connecting, 1_000);
    await jest.advanceTimersByTimeAsync(1_000);

    expect(await isDone(settled)).toBe(true);
    expect(connecting.listeners.size).toBe(0);
  });
});
