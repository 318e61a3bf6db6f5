import type { Terminal } from '../../lib/cli/terminal';

const STOP_AFTER_MS = 100;

/** Keeps what the program writes. What runs until it is stopped is stopped after a moment. */
export class PaperTerminal implements Terminal {
  out = '';
  err = '';
  readonly isInteractive = false;
  private readonly stop = new AbortController();

  constructor(readonly env: Terminal['env'] = {}) {}

  catchStop(): AbortSignal {
    setTimeout(() => {
      this.stop.abort();
    }, STOP_AFTER_MS);
    return this.stop.signal;
  }

  print(text: string): void {
    this.out += `${text}\n`;
  }

  complain(text: string): void {
    this.err += `${text}\n`;
  }
}
