import { parseArgs } from 'node:util';
import { checkResource } from '../locking/api/check-resources';
import { readClientTls, TLS_OPTIONS } from './client-certificate';
import type { Command, CommandOption, Invocation } from './command.interface';
import { describeNodes } from './nodes/describe-nodes';
import { UsageError } from './nodes/usage-error';

const DEFAULT_TIMEOUT_MS = 2_000;

/** The options of every command. */
export const COMMON_OPTIONS: Readonly<Record<string, CommandOption>> = {
  nodes: { type: 'string', value: '<urls>', about: 'the lock nodes, comma-separated (default: REDIS_NODES)' },
  prefix: {
    type: 'string',
    value: '<text>',
    about: "the keyPrefix of the lock service (default: REDLOCK_KEY_PREFIX, else 'lock:')",
  },
  timeout: {
    type: 'string',
    value: '<ms>',
    about: `the longest wait for a connection and for an answer (default ${DEFAULT_TIMEOUT_MS})`,
  },
  ...TLS_OPTIONS,
  json: { type: 'boolean', about: 'print JSON for scripts' },
  help: { type: 'boolean', about: 'print this text' },
};

type Values = Readonly<Record<string, string | boolean | undefined>>;

/** Reads a command line. Returns null if it asks for help. */
export function parseInvocation(
  command: Command,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Invocation | null {
  const { values, positionals } = parse(command, args);
  if (values.help === true) return null;
  const readText = (name: string, otherwise: string) => textOf(values, name) ?? otherwise;
  const wholeNumber = (name: string, otherwise: number) => wholeNumberOf(values, name) ?? otherwise;
  return {
    resource: resourceIn(command, positionals),
    nodes: describeNodes(readText('nodes', env.REDIS_NODES ?? ''), readClientTls(readText, env)),
    keyPrefix: readText('prefix', env.REDLOCK_KEY_PREFIX ?? 'lock:'),
    timeoutMs: wholeNumber('timeout', DEFAULT_TIMEOUT_MS),
    json: values.json === true,
    flag: (name) => values[name] === true,
    text: readText,
    wholeNumber,
  };
}

function parse(
  { options }: Command,
  args: readonly string[],
): { values: Values; positionals: readonly string[] } {
  const known = Object.entries({ ...COMMON_OPTIONS, ...options });
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: Object.fromEntries(
        known.map(([name, { type }]) => [name, name === 'help' ? { type, short: 'h' } : { type }]),
      ),
    });
  } catch (error) {
    // The message names the option, and never repeats a value. Its second sentence is about arguments that begin with
    // "-", which hardly anybody means.
    const { code, message } = error as Error & { code?: string };
    if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') throw new UsageError(message.replaceAll('\n', ' '));
    const options = known.map(([name]) => `--${name}`).join(', ');
    throw new UsageError(`${message.split('. ')[0] ?? message}. The options are: ${options}.`);
  }
}

function resourceIn({ name, takesResource }: Command, positionals: readonly string[]): string {
  const [first, second] = positionals;
  if (!takesResource) {
    if (first !== undefined) throw new UsageError(`${name} takes no argument, only options.`);
    return '';
  }
  if (first === undefined) throw new UsageError(`${name} needs a resource: nestjs-redlock ${name} order:7`);
  if (second !== undefined) {
    throw new UsageError(`${name} takes one resource. Put it in quotes if it has a space in it.`);
  }
  return checkResource(first);
}

function textOf(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

function wholeNumberOf(values: Values, name: string): number | undefined {
  const text = textOf(values, name);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= 1) return number;
  throw new UsageError(`--${name} must be a whole number, 1 or more.`);
}
