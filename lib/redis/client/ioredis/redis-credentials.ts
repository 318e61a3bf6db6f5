import type { RedisOptions } from './ioredis';
import { RedisNodeError, toRedisNodeError } from '../redis-node-error';
import type { Refuse } from './redis-url';

/** A value, or a function that returns it, at once or later. The function is called before every connection. */
export type AskedEachTime<T> = T | (() => T | Promise<T>);

/** The options that may change while a process runs. */
export type GivenCredentials = Partial<Record<CredentialName, unknown>>;
type CredentialName =
  'username' | 'password' | 'tls' | 'sentinelUsername' | 'sentinelPassword' | 'sentinelTLS';

/** Old secrets are kept too: an error message may come late, with a password that was replaced in the meantime. */
const MOST_SECRETS = 32;

const RULES: Readonly<Record<CredentialName, { isValid: (value: unknown) => boolean; is: string }>> = {
  username: { isValid: isText, is: 'a string' },
  password: { isValid: isText, is: 'a string' },
  sentinelUsername: { isValid: isText, is: 'a string' },
  sentinelPassword: { isValid: isText, is: 'a string' },
  tls: { isValid: isTls, is: 'an object of TLS options' },
  sentinelTLS: { isValid: isTls, is: 'an object of TLS options' },
};
const NAMES = Object.keys(RULES) as CredentialName[];
const SECRET_NAMES: readonly CredentialName[] = ['password', 'sentinelPassword'];

/**
 * Refuses a value that is neither a credential nor a function. It refuses functions too if nobody would call them.
 */
export function checkCredentials(given: GivenCredentials, refuse: Refuse, mayBeAsked = true): void {
  for (const name of NAMES) {
    const value = given[name];
    if (isNothing(value) || RULES[name].isValid(value)) continue;
    if (typeof value === 'function') {
      if (mayBeAsked) continue;
      refuse(
        `has a \`${name}\` that is a function, which ioredis does not ask for a Cluster. Keep its \`options.redisOptions.${name}\` current instead: it is read for each connection.`,
      );
    }
    refuse(
      `has a \`${name}\` of type ${typeOf(value)}. Write ${RULES[name].is}, or a function that returns one.`,
    );
  }
}

/**
 * The credentials of a node. They are read again before every connection, since passwords and certificates change.
 */
export class RedisCredentials {
  /** The texts that must never be shown. */
  readonly secrets: string[] = [];
  /** The credentials that the first connection gets. */
  private readonly first: GivenCredentials;

  /**
   * @param given the options of the user, who may have changed them since
   * @param others more options with texts that must not be shown
   */
  constructor(
    private readonly given: GivenCredentials,
    others: readonly GivenCredentials[] = [],
  ) {
    this.first = Object.fromEntries(NAMES.map((name) => [name, given[name]]));
    for (const one of [...others, this.first]) this.keepSecret(one);
  }

  /**
   * Writes the present credentials into the options of a connection.
   *
   * @returns a promise if a function answers later, or failed: then it rejects with a RedisNodeError
   */
  refresh(target: RedisOptions): Promise<void> | undefined {
    const asked = NAMES.map((name) => this.ask(name));
    if (!asked.some(isThenable)) {
      this.write(target, asked);
      return undefined;
    }
    return Promise.all(asked).then((values) => {
      this.write(target, values);
    });
  }

  /**
   * Makes the options of a server in a cluster return the present credentials whenever ioredis reads them. ioredis
   * makes connections of its own to ask for the slots. A server with credentials of its own is left as it is.
   */
  link(target: RedisOptions): void {
    const hasItsOwn = NAMES.some((name) => (target[name] ?? undefined) !== (this.first[name] ?? undefined));
    if (hasItsOwn) return;
    for (const name of NAMES) {
      // The user gave the name of a TLS profile, and ioredis has replaced it by the options of that profile.
      if (typeof this.first[name] === 'string' && RULES[name].isValid === isTls) continue;
      Object.defineProperty(target, name, {
        enumerable: true,
        configurable: true,
        get: () => {
          const value = this.given[name];
          this.keepSecret({ [name]: value });
          return value;
        },
      });
    }
  }

  /**
   * Asks one function. A failure is returned as a promise too: other functions may fail as well, and no rejection
   * may stay unhandled.
   */
  private ask(name: CredentialName): unknown {
    try {
      const value = this.given[name];
      if (typeof value !== 'function') return checked(name, value, false);
      const answer = (value as () => unknown)();
      return isThenable(answer) ? this.answered(name, answer) : checked(name, answer, true);
    } catch (error) {
      return Promise.reject(this.failure(name, error));
    }
  }

  private async answered(name: CredentialName, answer: PromiseLike<unknown>): Promise<unknown> {
    try {
      return checked(name, await answer, true);
    } catch (error) {
      throw this.failure(name, error);
    }
  }

  private failure(name: CredentialName, error: unknown): RedisNodeError {
    if (error instanceof RedisNodeError) return error;
    const { message } = toRedisNodeError(error, this.secrets);
    return new RedisNodeError(`\`${name}\` of the node could not be read: ${message}`, 'CREDENTIALS');
  }

  private write(target: RedisOptions, values: readonly unknown[]): void {
    NAMES.forEach((name, position) => {
      const value = values[position];
      // ioredis has replaced the name of a TLS profile by its options.
      if (RULES[name].isValid === isTls && typeof value === 'string') return;
      Object.assign(target, { [name]: value });
    });
    this.keepSecret(Object.fromEntries(NAMES.map((name, position) => [name, values[position]])));
  }

  private keepSecret(values: GivenCredentials): void {
    for (const name of SECRET_NAMES) {
      const secret = values[name];
      if (typeof secret !== 'string' || secret === '' || this.secrets.includes(secret)) continue;
      this.secrets.push(secret);
      if (this.secrets.length > MOST_SECRETS) this.secrets.shift();
    }
  }
}

/** The credentials for the Sentinels of a node, as they are at any moment. */
export function sentinelCredentials(given: GivenCredentials): GivenCredentials {
  return {
    get username() {
      return given.sentinelUsername;
    },
    get password() {
      return given.sentinelPassword;
    },
    get tls() {
      return given.sentinelTLS;
    },
  };
}

function checked(name: CredentialName, value: unknown, isAnswer: boolean): unknown {
  const { isValid, is } = RULES[name];
  if (!isAnswer && isNothing(value)) return value;
  // An empty answer must not switch TLS off by mistake. A function cannot return the name of a TLS profile either,
  // since ioredis resolves names only at the start.
  if (isAnswer && isValid === isTls ? isObject(value) : isNothing(value) || isValid(value)) return value;
  throw new RedisNodeError(
    `\`${name}\` of the node is of type ${typeOf(value)}; it must be ${is}`,
    'CREDENTIALS',
  );
}

function isNothing(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

/** Tells if a value is valid for TLS. ioredis also accepts `true` and the name of a profile. */
function isTls(value: unknown): boolean {
  return isObject(value) || value === true || isText(value);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
