import type { Command, CommandOption } from './command.interface';
import { COMMON_OPTIONS } from './parse-invocation';

/** The help of the program. */
export function helpOf(commands: readonly Command[]): string {
  return [
    'Shows the locks of nestjs-redlock, and checks the Redis masters that keep them.',
    '',
    'Usage: nestjs-redlock <command> [options]',
    '',
    ...columns(commands.map((command) => [headOf(command), command.about])),
    '',
    'For every command:',
    ...optionLines(COMMON_OPTIONS),
    '',
    'nestjs-redlock <command> --help explains a command; --version prints the version.',
    'Exit codes: 0 fine, 1 a problem was found or nothing was released, 2 wrong usage, 3 no quorum of the nodes answered,\n4 doctor --wait-trusted: a node is not trusted yet.',
  ].join('\n');
}

/** The help of one command. */
export function helpOfCommand(command: Command): string {
  return [
    command.details,
    '',
    `Usage: nestjs-redlock ${headOf(command)} [options]`,
    '',
    ...optionLines({ ...command.options, ...COMMON_OPTIONS }),
  ].join('\n');
}

function headOf({ name, takesResource }: Command): string {
  return takesResource ? `${name} <resource>` : name;
}

function optionLines(options: Readonly<Record<string, CommandOption>>): string[] {
  return columns(
    Object.entries(options).map(([name, { value, about }]) => [
      `--${name}${value === undefined ? '' : ` ${value}`}`,
      about,
    ]),
  );
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
