import { getEventListeners } from 'node:events';
import { type Look, Retries } from '../../../../lib/locking/waiting/retries';
import { deferred } from '../../../helpers/deferred';
import { VirtualClock } from '../../../helpers/virtual-clock';
import { watch } from '../../../helpers/watch';

const CLOSED = new Error('closed');
const DOWN = new Error('down');

function setUp() {
  const clock = new VirtualClock();
  const retries = new Retries({ clock, fraction: () => 0.5, closedError: () => CLOSED });
  const controller = new AbortController();
  const patience = { waitMs: 5_000, signal: controller.signal };
  return { clock, retries, controller, patience };
}

describe('a question that is repeated', () => {
  it('waits between two looks, and throws the last error at the deadline', async () => {
    const { clock, retries, patience } = setUp();
    const looks: number[] = [];
    const asked = watch(
      retries.until(patience, (leftMs) => {
        looks.push(leftMs);
        return Promise.resolve({ error: DOWN });
      }),
    );
    await clock.advance(0);
    expect(looks).toEqual([5_000]);

    await clock.advance(5_000);

    expect(looks.length).toBeGreaterThan(2);
    expect(looks.at(-1)).toBe(0);
    expect(asked.error).toBe(DOWN);
  });

  it('is over when its caller gives up, even after the answer, as long as nobody has seen that', async () => {
    const { clock, retries, controller, patience } = setUp();
    const answer = deferred<Look<string>>();
    const asked = watch(retries.until(patience, () => answer.promise));
    void answer.promise.then(() => {
      controller.abort(DOWN);
    });

    answer.resolve({ result: 'there' });
    await clock.advance(0);

    expect(asked.error).toBe(DOWN);
  });

  it('is over when the service closes', async () => {
    const { clock, retries, patience } = setUp();
    const asked = watch(retries.until(patience, () => Promise.resolve({ error: DOWN })));
    await clock.advance(10);

    retries.close();
    await clock.advance(0);

    expect(asked.error).toBe(CLOSED);
    expect(clock.pendingTimers).toBe(0);
  });

  it('leaves nothing behind, neither here nor at the signal', async () => {
    const { retries, controller, patience } = setUp();

    await retries.until(patience, () => Promise.resolve({ result: 'there' }));

    expect(Reflect.get(retries, 'waits')).toEqual(new Set());
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });
});
