import type { Terminal } from '../../lib/cli/terminal';

const STOP_AFTER_MS = 100;

interface PaperTerminalOptions {
  /** Somebody looks. */
  readonly isInteractive?: boolean;
  /** What runs until it is stopped runs until `interrupt()`, instead of for a moment. */
  readonly runsOn?: boolean;
}

/** Keeps what the program writes. */
export class PaperTerminal implements Terminal {
  out = '';
  err = '';
  private readonly stop = new AbortController();

  constructor(
    readonly env: Terminal['env'] = {},
    private readonly options: PaperTerminalOptions = {},
  ) {}

  get isInteractive(): boolean {
    return this.options.isInteractive === true;
  }

  catchStop(): AbortSignal {
    if (this.options.runsOn !== true) {
      setTimeout(() => {
        this.interrupt();
      }, STOP_AFTER_MS);
    }
    return this.stop.signal;
  }

  interrupt(): void {
    this.stop.abort();
  }

  print(text: string): void {
    this.out += `${text}\n`;
  }

  complain(text: string): void {
    this.err += `${text}\n`;
  }
}
