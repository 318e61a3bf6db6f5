import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../../ports/clock.interface';

/** A viewer that reads nothing for so long is gone. */
const LONGEST_SILENCE_MS = 30_000;
/** After this time the page connects again, and its permission is checked again. */
const LONGEST_STREAM_MS = 10 * 60_000;

/**
 * One open page. At most one message waits until the page reads: while the page is behind, nothing is written to
 * it, and then it gets everything again.
 */
export class BoardViewer {
  private isBehind = false;
  /** True if the page missed a message. */
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
    // A connection that breaks also closes.
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
