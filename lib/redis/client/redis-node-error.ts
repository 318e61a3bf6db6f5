import { printable } from '../../errors/printable';
import { explainError } from './explain-error';

const LONGEST_MESSAGE = 300;
const LONGEST_CODE = 60;
/** How much of a server's text is read. The rest would tell nothing more. */
const MOST_READ = 4_096;
/** Errors in errors. */
const DEEPEST = 5;

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
    super(inOneLine(message));
    this.name = 'RedisNodeError';
    this.code = code;
  }
}

/** Keeps the message and the code of `error`, without the `secrets`. */
export function toRedisNodeError(error: unknown, secrets: readonly string[]): RedisNodeError {
  const message = withoutSecrets(messageOf(error), secrets);
  if (DENIED_IN_SCRIPT.test(message)) return new RedisNodeError(`${message.trim()} (${DENIED})`, 'NOPERM');
  const code = codeOf(error, message);
  return new RedisNodeError(explainError(message, code), code);
}

/** What ACL denies inside of a script is a plain ERR: Redis 7.0, and those after it. */
const DENIED_IN_SCRIPT =
  /^ERR (?:.{0,200} )?(?:The user executing the script can't |ACL failure in script: )/;

/** The word comes last: a batch that is refused at the door, for a name it has, is asked for in parts; this one had begun. */
const DENIED = 'NOPERM: the Redis user lacks a right; `nestjs-redlock doctor` prints the line that gives it';

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

function messageOf(error: unknown, depth = 0): string {
  if (!isObject(error)) return String(error);
  if (depth === DEEPEST) return 'unknown error';
  // "Failed to refresh slots cache." says nothing; what the last server of the cluster said does.
  if ('lastNodeError' in error && error.lastNodeError) return messageOf(error.lastNodeError, depth + 1);
  if ('message' in error && typeof error.message === 'string' && error.message !== '') return error.message;
  // An AggregateError of Node for a host with several addresses has no message of its own.
  if ('errors' in error && Array.isArray(error.errors) && error.errors.length > 0)
    return messageOf(error.errors[0], depth + 1);
  return 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
}

/** Redis repeats the arguments of a command that it does not know; AUTH and HELLO have the password in them. */
function withoutSecrets(message: string, secrets: readonly string[]): string {
  // Cut before anything else: servers can answer with megabytes, and the event loop stands still while we look.
  const start = message.slice(0, MOST_READ);
  const echo = start.indexOf('with args beginning with');
  const told = echo === -1 ? start : withoutTail(start.slice(0, echo));
  const masked = secrets.reduce(withoutSecret, told).replace(CREDENTIALS, '***@');
  if (message.length <= MOST_READ || echo !== -1) return masked;
  // The cut may have gone through a secret, whose beginning nobody recognises.
  const longest = Math.max(0, ...secrets.map(({ length }) => length));
  return masked.slice(0, Math.max(0, masked.length - longest));
}

/**
 * A short one stands in many words by chance. To take it out of those would tell it: whoever knows the message sees what
 * is missing. So it is taken out where it stands alone in quotes, as in what a server repeats.
 */
function withoutSecret(text: string, secret: string): string {
  if (secret.length >= SHORTEST_SECRET) return text.replaceAll(secret, '***');
  return QUOTES.reduce((told, quote) => told.replaceAll(quote + secret + quote, `${quote}***${quote}`), text);
}

const SHORTEST_SECRET = 4;
const QUOTES = ["'", '"', '`'];

/** In a URL, or in what ioredis took for a host. Bounded, so that it costs little on any text. */
const CREDENTIALS = /[^\s/@:'"]{0,100}:[^\s/@'"]{1,200}@/g;

/** Cuts blanks and commas off at the end. */
function withoutTail(text: string): string {
  let end = text.length;
  while (end > 0 && /[\s,]/.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** The message for a log, a table or another message: short, and nothing in it moves the cursor. */
function inOneLine(message: string): string {
  const start = message.slice(0, MOST_READ).replace(/\s+/g, ' ').trim();
  return printable(start.slice(0, LONGEST_MESSAGE));
}

function codeOf(error: unknown, message: string): string | undefined {
  if (isObject(error) && 'code' in error && typeof error.code === 'string')
    return printable(error.code.slice(0, LONGEST_CODE));
  return codeIn(message);
}

/** The word in capitals with which errors of Redis begin. */
export function codeIn(message: string): string | undefined {
  return /^([A-Z]{3,40}) /.exec(message)?.[1];
}

/** This is no `instanceof`: an error can come from another realm, as all errors of Node do under jest. */
function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
