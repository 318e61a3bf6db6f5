import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Board } from '../../../lib/board/core/board';
import type { LockListing } from '../../../lib/locking/api/lock-listing.interface';
import { VirtualClock } from '../../helpers/virtual-clock';

const INTERVAL_MS = 1_000;
const NOTHING: LockListing = { locks: [], isTruncated: false, nodes: [] };

/** A page that reads all that is written. */
class Page extends EventEmitter {
  readonly written: string[] = [];
  writableEnded = false;

  write(text: string): boolean {
    this.written.push(text);
    return true;
  }

  end(): void {
    this.leave();
  }

  leave(): void {
    this.writableEnded = true;
    this.emit('close');
  }

  /** The events that it was sent. */
  get told(): string[] {
    return this.written.map((text) => /^event: (\w+)/.exec(text)?.[1] ?? '');
  }
}

function setUp({ lookMs = 0 } = {}) {
  const clock = new VirtualClock();
  const source = {
    looks: 0,
    fails: false,
    list: () =>
      new Promise<LockListing>((resolve, reject) => {
        source.looks += 1;
        const end = () => {
          if (source.fails) reject(new Error('the service is closed'));
          else resolve(NOTHING);
        };
        if (lookMs === 0) end();
        else clock.schedule(lookMs, end);
      }),
    forceRelease: () => Promise.resolve(0),
    events$: { subscribe: () => ({ unsubscribe: () => undefined }) },
  };
  const board = new Board(source, { clock, intervalMs: INTERVAL_MS, limit: 10 });
  const join = () => {
    const page = new Page();
    board.join(page as unknown as ServerResponse);
    return page;
  };
  return { clock, source, board, join };
}

describe('the looks of a board', () => {
  it('are one for all who ask while it takes place', async () => {
    const { clock, source, board, join } = setUp({ lookMs: 50 });

    const pages = [join(), join(), join()];
    const asked = Promise.all([board.state(), board.state(), board.partsOf('order:7')]);
    await clock.advance(50);
    await asked;

    expect(source.looks).toBe(1);
    expect(pages.map(({ told }) => told)).toEqual([['change'], ['change'], ['change']]);
  });

  it('come once in an interval, however often scripts ask', async () => {
    const { clock, source, board, join } = setUp();
    join();
    await clock.advance(0);

    for (let at = 0; at < 10; at += 1) {
      await clock.advance(INTERVAL_MS / 10);
      await board.state();
    }

    expect(source.looks).toBe(2);
  });

  it('take a tenth of the time at most, however long each of them is', async () => {
    const { clock, source, join } = setUp({ lookMs: 500 });
    join();

    await clock.advance(4_999);
    expect(source.looks).toBe(1);
    await clock.advance(1_000);

    expect(source.looks).toBe(2);
  });

  it('are none while nobody looks, also when the last page leaves in the middle of one', async () => {
    const { clock, source, join } = setUp({ lookMs: 50 });
    await clock.advance(10 * INTERVAL_MS);
    expect(source.looks).toBe(0);
    const page = join();
    await clock.advance(10);

    page.leave();
    await clock.advance(10 * INTERVAL_MS);

    expect(source.looks).toBe(1);
  });

  it('go on after one that failed, of which the pages are told', async () => {
    const { clock, source, join } = setUp();
    source.fails = true;
    const page = join();
    await clock.advance(0);
    source.fails = false;

    await clock.advance(INTERVAL_MS);

    expect(page.told).toEqual(['problem', 'change']);
    expect(page.written[0]).toContain('the service is closed');
  });
});

describe('the pages of a board', () => {
  it('are a hundred at most, and one more when one has left', async () => {
    const { clock, board, join } = setUp();
    const pages = Array.from({ length: 100 }, join);
    await clock.advance(0);
    expect(board.hasRoom).toBe(false);

    pages[50]?.leave();

    expect(board.hasRoom).toBe(true);
  });

  it('are asked anew after ten minutes, whether they may look', async () => {
    const { clock, join } = setUp();
    const page = join();

    await clock.advance(10 * 60_000);

    expect(page.writableEnded).toBe(true);
  });

  it('end with the board, and come no more', async () => {
    const { clock, source, board, join } = setUp();
    const page = join();
    await clock.advance(0);

    board.close();
    await clock.advance(10 * INTERVAL_MS);

    expect([page.writableEnded, board.hasRoom, source.looks]).toEqual([true, false, 1]);
  });
});
