import { readFileSync } from 'node:fs';
import type { CommandOption } from './command.interface';
import type { ClientTls } from './nodes/describe-nodes';
import { UsageError } from './nodes/usage-error';

/** The options have the same names as in redis-cli. */
export const TLS_OPTIONS: Readonly<Record<string, CommandOption>> = {
  cert: {
    type: 'string',
    value: '<file>',
    about: 'a client certificate for rediss:// nodes, PEM (default: REDLOCK_CERT)',
  },
  key: { type: 'string', value: '<file>', about: 'its private key (default: REDLOCK_KEY)' },
  cacert: {
    type: 'string',
    value: '<file>',
    about: 'the CA that signed the certificates of the nodes (default: REDLOCK_CACERT)',
  },
};

/**
 * Reads the files of the options.
 *
 * @throws UsageError for half of a pair, and for a file that cannot be read
 */
export function readClientTls(
  textOf: (name: string, otherwise: string) => string,
  env: Env,
): ClientTls | undefined {
  const fileOf = (name: string) => textOf(name, env[`REDLOCK_${name.toUpperCase()}`] ?? '');
  const [cert, key, ca] = [fileOf('cert'), fileOf('key'), fileOf('cacert')];
  if ((cert === '') !== (key === ''))
    throw new UsageError('--cert and --key belong together. Give both, or neither.');
  if (cert === '' && ca === '') return undefined;
  return {
    ...(cert === '' ? {} : { cert: contentsOf(cert, '--cert'), key: contentsOf(key, '--key') }),
    ...(ca === '' ? {} : { ca: contentsOf(ca, '--cacert') }),
  };
}

type Env = Readonly<Record<string, string | undefined>>;

function contentsOf(file: string, option: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
    throw new UsageError(`${option}: ${file} cannot be read (${code}).`);
  }
}
