import { BoardHistory } from '../../../lib/board/core/board-history';
import type { LockEvent } from '../../../lib/locking/api/lock-event.interface';
import { Fleet } from '../../helpers/fleet';
import { VirtualClock } from '../../helpers/virtual-clock';
import { watch } from '../../helpers/watch';

const ABOUT = { ownerToken: 'one', label: undefined, mode: 'exclusive', slots: [] } as const;

function acquired(resource: string, waitedMs: number, contended?: true): LockEvent {
  const times = { fencingToken: undefined, waitedMs, validityMs: 1_000 };
  return { type: 'acquired', resources: [resource], ...ABOUT, ...times, ...(contended && { contended }) };
}

const busy = (resource: string): LockEvent => ({
  type: 'busy',
  resources: [resource],
  waitedMs: 0,
  holder: undefined,
  reason: 'held',
});

describe('the hot keys of the last minute', () => {
  it('are those that somebody else had, however soon they came, and not those that slow nodes gave', async () => {
    const clock = new VirtualClock();
    const history = new BoardHistory(clock);
    history.note(acquired('waited', 1, true));
    history.note(acquired('slow', 400));
    history.note(busy('waited'));
    await clock.advance(2_000);
    history.note(acquired('waited', 1, true));

    const [hot, ...others] = history.hot();

    expect(hot).toMatchObject({ resource: 'waited', waits: 2, busy: 1, lost: 0 });
    expect(hot?.perSecond.slice(-3)).toEqual([2, 0, 1]);
    expect(others).toEqual([]);
  });

  it('are forgotten after a minute, and when the clock has been set back', async () => {
    const clock = new VirtualClock();
    const history = new BoardHistory(clock);
    history.note(busy('early'));
    await clock.advance(60_000);
    expect(history.hot()).toEqual([]);

    history.note(busy('late'));
    clock.setWall(-3_600_000);

    expect(history.hot()).toEqual([]);
  });
});

describe('since when a lock is held', () => {
  it('is known of a lease that its process gave from one caller to the next', async () => {
    const fleet = new Fleet(3);
    const { manager, service } = fleet.process();
    const history = new BoardHistory(fleet.clock);
    service.events$.subscribe((event) => {
      history.note(event);
    });
    const first = await manager.acquire('job', { label: 'first' });
    const [one, other] = [watch(manager.acquire('job')), watch(manager.acquire('job'))];
    await first.release();
    await fleet.clock.advance(50);
    await one.value?.release();
    await fleet.clock.advance(50);
    const { ownerToken = '' } = other.value ?? {};

    expect(ownerToken).toBe(one.value?.ownerToken);
    expect(history.heldSinceOf(ownerToken)).toBe(fleet.clock.wallNow() - 50);
    await other.value?.release();
    expect(history.heldSinceOf(ownerToken)).toBeUndefined();
  });
});
