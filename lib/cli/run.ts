import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LockKeyError } from '../errors/lock-key.error';
import { LockOptionsError } from '../errors/lock-options.error';
import { LockUnavailableError } from '../errors/lock-unavailable.error';
import type { Command } from './command.interface';
import { board } from './board.command';
import { doctor } from './doctor.command';
import { inspect } from './inspect.command';
import { ls } from './ls.command';
import { release } from './release.command';
import { watch } from './watch.command';
import { EXIT, type ExitCode } from './text/exit-code';
import { helpOf, helpOfCommand } from './help';
import { parseInvocation } from './parse-invocation';
import { printable } from '../errors/printable';
import type { Terminal } from './terminal';
import { UsageError } from './nodes/usage-error';

const COMMANDS: readonly Command[] = [ls, inspect, watch, board, release, doctor];

/** Runs one command line, and returns the exit code. It never rejects. */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  try {
    return await dispatch(args, terminal);
  } catch (error) {
    terminal.complain(`nestjs-redlock: ${printable(error instanceof Error ? error.message : String(error))}`);
    return exitCodeFor(error);
  }
}

async function dispatch([name, ...args]: readonly string[], terminal: Terminal): Promise<ExitCode> {
  if (name === '--version') {
    terminal.print(version());
    return EXIT.ok;
  }
  if (name === 'help' || name === '--help' || name === '-h') {
    terminal.print(helpOf(COMMANDS));
    return EXIT.ok;
  }
  if (name === undefined) {
    terminal.complain(helpOf(COMMANDS));
    return EXIT.usage;
  }
  const command = COMMANDS.find((one) => one.name === name);
  if (command === undefined) {
    const names = COMMANDS.map((one) => one.name).join(', ');
    throw new UsageError(
      `This command does not exist. The commands are: ${names}. See nestjs-redlock --help.`,
    );
  }
  const invocation = parseInvocation(command, args, terminal.env);
  if (invocation === null) {
    terminal.print(helpOfCommand(command));
    return EXIT.ok;
  }
  return command.run(invocation, terminal);
}

function exitCodeFor(error: unknown): ExitCode {
  if (error instanceof LockUnavailableError) return EXIT.noQuorum;
  const isUsage =
    error instanceof UsageError || error instanceof LockOptionsError || error instanceof LockKeyError;
  return isUsage ? EXIT.usage : EXIT.problem;
}

/** The version of the package, whose package.json is two folders up, built or not. */
function version(): string {
  const text = readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
