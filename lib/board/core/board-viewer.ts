import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../../ports/clock.interface';

/** Whoever reads nothing for so long is not there. */
const LONGEST_SILENCE_MS = 30_000;
/** Then the page connects again, and is asked anew whether it may. */
const LONGEST_STREAM_MS = 10 * 60_000;

/**
 * One open page. What it has not read yet is at most one message: while it is behind nothing is written to it, and
 * when it has read on it is told everything anew.
 */
export class BoardViewer {
  private isBehind = false;
  /** Something was told meanwhile. */
  private hasMissed = false;
  private silence: Timer | undefined;
  private readonly end: Timer;

  constructor(
    private readonly response: ServerResponse,
    private readonly clock: Clock,
    on: { caughtUp(): void; gone(): void },
  ) {
    this.end = clock.schedule(
      LONGEST_STREAM_MS,
      () => {
        this.close();
      },
      { background: true },
    );
    response.on('close', () => {
      this.stop();
      on.gone();
    });
    // A connection that breaks is one that closes.
    response.on('error', () => undefined);
    response.on('drain', () => {
      this.silence?.cancel();
      this.isBehind = false;
      if (!this.hasMissed) return;
      this.hasMissed = false;
      on.caughtUp();
    });
  }

  /** Writes an event, unless the page is behind. */
  send(event: string, data: string): void {
    if (this.response.writableEnded) return;
    if (this.isBehind) {
      this.hasMissed = true;
      return;
    }
    if (this.response.write(`event: ${event}\ndata: ${data}\n\n`)) return;
    this.isBehind = true;
    this.silence?.cancel();
    this.silence = this.clock.schedule(
      LONGEST_SILENCE_MS,
      () => {
        this.response.destroy();
      },
      { background: true },
    );
  }

  close(): void {
    this.stop();
    this.response.end();
  }

  private stop(): void {
    this.end.cancel();
    this.silence?.cancel();
  }
}
