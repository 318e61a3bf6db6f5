/** Where a command writes, and how it is told to end. */
export interface Terminal {
  /** A line, or several, of what was asked for. */
  print(text: string): void;
  /** A line about the run itself, apart from the result. */
  complain(text: string): void;
  /** Somebody looks, and the screen can be redrawn. */
  readonly isInteractive: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** From this call on, Ctrl-C and SIGTERM abort the signal instead of ending the process at once. */
  catchStop(): AbortSignal;
}

/** The terminal of this process. */
export class ProcessTerminal implements Terminal {
  private readonly stop = new AbortController();

  constructor() {
    // `… | head` closes our output; whoever reads no more is done with us.
    process.stdout.on('error', () => {
      this.stop.abort();
    });
    process.stderr.on('error', () => {
      // Nobody hears our complaints; the exit code still tells.
    });
  }

  get isInteractive(): boolean {
    return process.stdout.isTTY;
  }

  get env(): Readonly<Record<string, string | undefined>> {
    return process.env;
  }

  catchStop(): AbortSignal {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        this.stop.abort();
      });
    }
    return this.stop.signal;
  }

  print(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  complain(text: string): void {
    process.stderr.write(`${text}\n`);
  }
}
