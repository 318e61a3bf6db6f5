import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { BoardViewer } from '../../../lib/board/core/board-viewer';
import { VirtualClock } from '../../helpers/virtual-clock';

/** A response whose reader takes nothing for now. */
class FullResponse extends EventEmitter {
  readonly written: string[] = [];
  isDestroyed = false;
  readonly writableEnded = false;

  write(text: string): boolean {
    this.written.push(text);
    return false;
  }

  destroy(): void {
    this.isDestroyed = true;
  }

  end(): void {
    this.emit('close');
  }
}

function setUp() {
  const clock = new VirtualClock();
  const response = new FullResponse();
  const on = { caughtUp: jest.fn(), gone: jest.fn() };
  return { clock, response, on, viewer: new BoardViewer(response as unknown as ServerResponse, clock, on) };
}

describe('a viewer of the board that does not read', () => {
  it('is kept one message, and is told everything anew when it has read it', () => {
    const { response, viewer, on } = setUp();

    viewer.send('change', '1');
    viewer.send('change', '2');
    expect(response.written).toEqual(['event: change\ndata: 1\n\n']);
    response.emit('drain');

    expect(on.caughtUp).toHaveBeenCalledTimes(1);
  });

  it('is told nothing anew when it has missed nothing: else a large message would follow itself for ever', () => {
    const { response, viewer, on } = setUp();

    viewer.send('state', '1');
    response.emit('drain');

    expect(on.caughtUp).not.toHaveBeenCalled();
  });

  it('is given up after half a minute', async () => {
    const { response, viewer, clock } = setUp();

    viewer.send('change', '1');
    await clock.advance(30_000);

    expect(response.isDestroyed).toBe(true);
  });
});
