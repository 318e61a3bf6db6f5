import { watchForStall } from '../../../../lib/redis/server/stall-watch';
import { VirtualClock } from '../../../helpers/virtual-clock';

function watch() {
  const clock = new VirtualClock();
  const state = { answered: 0, isOwed: false, stalls: 0 };
  const stop = watchForStall(clock, {
    answered: () => state.answered,
    isOwed: () => state.isOwed,
    onStall: () => (state.stalls += 1),
  });
  return { clock, state, stop };
}

describe('watchForStall', () => {
  it('sees a connection that owes answers and gives none', async () => {
    const { clock, state } = watch();
    state.isOwed = true;

    await clock.advance(10_000);

    expect(state.stalls).toBe(1);
  });

  it('leaves alone a connection that is idle, and one that answers slowly', async () => {
    const { clock, state } = watch();
    await clock.advance(60_000);
    state.isOwed = true;
    for (let seconds = 0; seconds < 60; seconds += 4) {
      state.answered += 1;
      await clock.advance(4_000);
    }

    expect(state.stalls).toBe(0);
  });

  it('gives the next connection the same time again', async () => {
    const { clock, state } = watch();
    state.isOwed = true;

    await clock.advance(15_000);

    expect(state.stalls).toBe(1);
    await clock.advance(5_000);
    expect(state.stalls).toBe(2);
  });

  it('can be stopped, and leaves no timer', () => {
    const { clock, stop } = watch();

    stop();

    expect(clock.pendingTimers).toBe(0);
  });
});
