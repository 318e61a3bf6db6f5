const LONGEST_MESSAGE = 300;

/**
 * Why a Redis node cannot vote.
 *
 * Made anew from the message and the code of what ioredis reported, and never carries that error itself: its
 * `command.args` may hold the password that was sent with AUTH.
 */
export class RedisNodeError extends Error {
  /** `ECONNREFUSED`, `WRONGPASS`, `LOADING`, …, or undefined. */
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(message);
    this.name = 'RedisNodeError';
    this.code = code;
  }
}

/** Keeps the message and the code of `error`, without the `secrets`. */
export function toRedisNodeError(error: unknown, secrets: readonly string[]): RedisNodeError {
  const message = withoutSecrets(messageOf(error), secrets);
  return new RedisNodeError(message.slice(0, LONGEST_MESSAGE), codeOf(error, message));
}

/** What a server of a cluster says to a client that does not know the others. */
export function withoutRedirection(error: RedisNodeError): RedisNodeError {
  const [code, slot] = error.message.split(' ');
  if (code !== 'MOVED' && code !== 'ASK') return error;
  return new RedisNodeError(
    `the server belongs to a Redis Cluster, and slot ${slot ?? '?'} of this key is at another server; ` +
      'give the cluster as one node: new Cluster([…]) of ioredis',
    code,
  );
}

/** How ioredis says that a connection is gone; it tells about its retries, which we have none of. */
export function isCutOff(error: unknown): boolean {
  if (!isObject(error)) return false;
  const { name, message } = error as Partial<Error>;
  return (
    name === 'MaxRetriesPerRequestError' ||
    message === 'Connection is closed.' ||
    message?.startsWith("Stream isn't writeable") === true
  );
}

function messageOf(error: unknown): string {
  if (!isObject(error)) return String(error);
  // "Failed to refresh slots cache." says nothing; what the last server of the cluster said does.
  if ('lastNodeError' in error && error.lastNodeError) return messageOf(error.lastNodeError);
  if ('message' in error && typeof error.message === 'string' && error.message !== '') return error.message;
  // An AggregateError of Node for a host with several addresses has no message of its own.
  if ('errors' in error && Array.isArray(error.errors) && error.errors.length > 0)
    return messageOf(error.errors[0]);
  return 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
}

/** Redis repeats the arguments of a command that it does not know; AUTH and HELLO have the password in them. */
function withoutSecrets(message: string, secrets: readonly string[]): string {
  const echo = message.indexOf('with args beginning with');
  const told = echo === -1 ? message : message.slice(0, echo).replace(/[\s,]+$/, '');
  return secrets.reduce((text, secret) => text.replaceAll(secret, '***'), told);
}

function codeOf(error: unknown, message: string): string | undefined {
  if (isObject(error) && 'code' in error && typeof error.code === 'string') return error.code;
  return /^([A-Z]{3,}) /.exec(message)?.[1];
}

/** Not `instanceof`: an error can come from another realm, as all errors of Node do under jest. */
function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
