import { printable } from '../../errors/printable';
import { explainError } from './explain-error';

const LONGEST_MESSAGE = 300;
const LONGEST_CODE = 60;
/** The part of a server's text that is read. The rest would tell nothing more. */
const MOST_READ = 4_096;
/** The depth to which errors inside of errors are read. */
const DEEPEST = 5;

/**
 * The reason why a Redis node cannot vote.
 *
 * It has only the message and the code of the error of ioredis. It never contains that error itself: its
 * `command.args` may have the password that was sent with AUTH.
 */
export class RedisNodeError extends Error {
  /** The code, such as `ECONNREFUSED`, `WRONGPASS` or `LOADING`, or undefined. */
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(inOneLine(message));
    this.name = 'RedisNodeError';
    this.code = code;
  }
}

/** Makes an error with the message and the code of `error`, without the `secrets`. */
export function toRedisNodeError(error: unknown, secrets: readonly string[]): RedisNodeError {
  const message = withoutSecrets(messageOf(error), secrets).replace(PLACE_IN_SCRIPT, '');
  if (DENIED_IN_SCRIPT.test(message)) return new RedisNodeError(`${message.trim()} (${DENIED})`, 'NOPERM');
  const code = codeOf(error, message);
  return new RedisNodeError(explainError(message, code), code);
}

/** The place in a script that a server adds to its error, which tells nobody anything. */
const PLACE_IN_SCRIPT = / script: (?:[0-9a-f]{4,40}, )?on @user_script:\d{1,9}\.?\s*$/;

/** The form of an error that ACL causes inside of a script, in Redis 7.0 and later. It is a plain ERR. */
const DENIED_IN_SCRIPT =
  /^ERR (?:.{0,200} )?(?:The user executing the script can't |ACL failure in script: )/;

/**
 * Here NOPERM must not be at the beginning. A batch that begins with it was refused before it ran, because of one
 * of its names, and its requests are sent one by one. This batch has begun to run.
 */
const DENIED = 'NOPERM: the Redis user lacks a right; `nestjs-redlock doctor` prints the line that gives it';

/** The error of a single server that turned out to be a part of a cluster, whose other servers we do not know. */
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
  // "Failed to refresh slots cache." tells nothing. The error of the last server of the cluster does.
  if ('lastNodeError' in error && error.lastNodeError) return messageOf(error.lastNodeError, depth + 1);
  if ('message' in error && typeof error.message === 'string' && error.message !== '') return error.message;
  // An AggregateError of Node, for a host with several addresses, has no message of its own.
  if ('errors' in error && Array.isArray(error.errors) && error.errors.length > 0)
    return messageOf(error.errors[0], depth + 1);
  return 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
}

/**
 * Takes the secrets out of a message. Redis repeats the arguments of a command that it does not know, and those of
 * AUTH and HELLO contain the password.
 */
function withoutSecrets(message: string, secrets: readonly string[]): string {
  // The message is cut before anything else: servers can send megabytes, and the search would block the event
  // loop.
  const start = message.slice(0, MOST_READ);
  const echo = start.indexOf('with args beginning with');
  const told = echo === -1 ? start : withoutTail(start.slice(0, echo));
  const masked = secrets.reduce(withoutSecret, told).replace(CREDENTIALS, '***@');
  if (message.length <= MOST_READ || echo !== -1) return masked;
  // The cut may have gone through a secret, whose beginning nobody would recognise. So the end is cut off too.
  const longest = Math.max(0, ...secrets.map(({ length }) => length));
  return masked.slice(0, Math.max(0, masked.length - longest));
}

/**
 * Takes one secret out. A short secret is a part of many words by chance. To take it out of those would tell it to
 * everybody who knows the message. So a short secret is taken out only if it stands alone in quotes, as in a text
 * that a server repeats.
 */
function withoutSecret(text: string, secret: string): string {
  if (secret.length >= SHORTEST_SECRET) return text.replaceAll(secret, '***');
  return QUOTES.reduce((told, quote) => told.replaceAll(quote + secret + quote, `${quote}***${quote}`), text);
}

const SHORTEST_SECRET = 4;
const QUOTES = ["'", '"', '`'];

/**
 * Credentials in a URL, or in a text that ioredis took for a host. The length is limited, so that the search costs
 * little on any text.
 */
const CREDENTIALS = /[^\s/@:'"]{0,100}:[^\s/@'"]{1,200}@/g;

/** Cuts blanks and commas off at the end. */
function withoutTail(text: string): string {
  let end = text.length;
  while (end > 0 && /[\s,]/.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** The message for a log, a table or another message: short, and without characters that move the cursor. */
function inOneLine(message: string): string {
  const start = message.slice(0, MOST_READ).replace(/\s+/g, ' ').trim();
  return printable(start.slice(0, LONGEST_MESSAGE));
}

function codeOf(error: unknown, message: string): string | undefined {
  if (isObject(error) && 'code' in error && typeof error.code === 'string')
    return printable(error.code.slice(0, LONGEST_CODE));
  return codeIn(message);
}

/** The word in capitals at the beginning of an error of Redis. */
export function codeIn(message: string): string | undefined {
  return /^([A-Z]{3,40}) /.exec(message)?.[1];
}

/**
 * Tells if a server will never answer a command, such as `INFO`: the user may not ask, or the command was renamed, or a
 * proxy does not know it. Other errors pass: it loads its data, or a script keeps it busy.
 */
export function isRefusedForGood({ message }: Error): boolean {
  return /^NOPERM\b|\b(?:unknown|unsupported|disabled) command\b|\binvalid request\b|\bcommand\b.*\bnot (?:allowed|supported)\b/i.test(
    message,
  );
}

/** There is no `instanceof`: an error can come from another realm, as all errors of Node do under jest. */
function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
