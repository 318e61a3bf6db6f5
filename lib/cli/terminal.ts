/** The output of a command, and the signal that ends it. */
export interface Terminal {
  /** Prints one or several lines of the result. */
  print(text: string): void;
  /** Prints a line about the run itself, apart from the result. */
  complain(text: string): void;
  /** True if a person watches, and the screen can be redrawn. */
  readonly isInteractive: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** From this call on, Ctrl-C and SIGTERM abort the signal instead of ending the process at once. */
  catchStop(): AbortSignal;
}

/** The terminal of this process. */
export class ProcessTerminal implements Terminal {
  private readonly stop = new AbortController();

  constructor() {
    // `… | head` closes the output. A reader that is gone needs no error.
    process.stdout.on('error', () => {
      this.stop.abort();
    });
    process.stderr.on('error', () => {
      // Nobody can read the complaints. The exit code still tells.
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
