import type { RedisNodeError } from '../client/redis-node-error';

/** The most reasons of one outage that are told. A server may give another one at each try. */
const MOST_TOLD = 4;

/** The codes of a connection that is lost, or that nobody accepts. */
const NOBODY_THERE = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOENT'],
  'STALLED',
]);

/**
 * Knows what was told of a node that is down. The first report often says no more than that the connection broke. A
 * later try to connect finds out why the node stays down: a wrong password, a replica, a server that loads its data.
 * Each of these reasons is told too, once in an outage.
 */
export class DownReasons {
  private readonly told = new Set<string>();

  /** Notes the reason of the first report, which is always told. Without one, it tells that the connection broke. */
  begin(reason: RedisNodeError | undefined): void {
    this.told.clear();
    this.told.add(reason === undefined ? '' : keyOf(reason));
  }

  /** Tells if a later reason is to be reported, and notes it then. */
  takeNews(reason: RedisNodeError | undefined): boolean {
    if (reason === undefined || NOBODY_THERE.has(reason.code ?? '')) return false;
    if (this.told.has(keyOf(reason)) || this.told.size >= MOST_TOLD) return false;
    this.told.add(keyOf(reason));
    return true;
  }
}

function keyOf({ code, message }: RedisNodeError): string {
  return code ?? message;
}
