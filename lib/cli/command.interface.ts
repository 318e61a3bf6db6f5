import type { AskedNodes } from './nodes/lock-nodes';
import type { ExitCode } from './text/exit-code';
import type { Terminal } from './terminal';

/** One option of a command, for `node:util` and for the help. */
export interface CommandOption {
  readonly type: 'string' | 'boolean';
  /** The text for the value in the help: `<ms>`. */
  readonly value?: string;
  readonly about: string;
}

export interface Command {
  readonly name: string;
  /** True if the command takes exactly one argument, a resource. Else it takes none. */
  readonly takesResource: boolean;
  /** The line about it in the list of commands. */
  readonly about: string;
  /** The help of the command: its action, and its exit codes. */
  readonly details: string;
  readonly options: Readonly<Record<string, CommandOption>>;
  run(invocation: Invocation, terminal: Terminal): Promise<ExitCode>;
}

/** A command line after the check: valid, and complete. */
export interface Invocation extends AskedNodes {
  /** The resource. Empty for commands that take none. */
  readonly resource: string;
  readonly json: boolean;
  flag(name: string): boolean;
  text(name: string, otherwise: string): string;
  /** @throws UsageError for anything but a whole number from 1 on */
  wholeNumber(name: string, otherwise: number): number;
}
