import { UnexplainedError } from '../unexplained-error';
import type { Redis } from './ioredis';

const ALL_ASKED = 'All sentinels are unreachable';
/** The words of ioredis for a Sentinel that cannot be reached, whatever the reason is. */
const SAYS_NOTHING = 'Connection is closed.';
/** The message of ioredis for a Sentinel that answered and does not know the group. */
const KNOWS_NO_SUCH_GROUP = /\bto sentinel (\S+) .*(?:invalid reply: null|No such master)/;

/**
 * Combines the errors of ioredis about the Sentinels. ioredis tells each reason by itself, and at the end that all
 * of them failed.
 */
export class SentinelReasons {
  private last: string | undefined;

  constructor(private readonly client: Redis) {
    client.on('sentinelError', (error: unknown) => {
      this.last = hasMessage(error) ? error.message : undefined;
    });
  }

  /**
   * The reason that an error of the client stands for. Undefined if it is no news, since a second pass over the
   * Sentinels follows.
   */
  reasonIn(error: unknown): unknown {
    if (!hasMessage(error) || !error.message.startsWith(ALL_ASKED)) return error;
    if (error.message.includes('Retrying')) return undefined;
    const group = JSON.stringify(String(this.client.options.name));
    const message = `no Sentinel tells where the master of ${group} is: ${this.lastReason}`;
    if (!message.endsWith(SAYS_NOTHING)) return new Error(message);
    return new UnexplainedError(message.slice(0, -SAYS_NOTHING.length), SAYS_NOTHING);
  }

  private get lastReason(): string {
    const address = KNOWS_NO_SUCH_GROUP.exec(this.last ?? '')?.[1];
    if (address === undefined) return this.last ?? 'none of them answers';
    return `the Sentinel at ${address} knows no group of this name. Check \`name\``;
  }
}

function hasMessage(error: unknown): error is { message: string } {
  return (
    typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string'
  );
}
