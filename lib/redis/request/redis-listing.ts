import { FENCE_COUNTERS } from '../../ports/reserved-names';
import type { Clock } from '../../ports/clock.interface';
import type { ListedHold, ListedPart, ListRequest, NodePace } from '../../ports/node-listing.interface';
import { RedisNodeError } from '../client/redis-node-error';
import type { Server } from '../client/server-client.interface';
import { LIST } from '../script/lua-scripts';
import type { RedisConnection } from '../server/redis-connection';
import { escapeGlob } from './escape-glob';
import { groupBySlot } from '../script/key-slot';
import { listedHoldsFrom } from './hold-reply';
import { lineEndsOf } from './set-calls';
import { unexpectedReply } from './redis-votes';
import { runScript } from './script-runner';

/** A `SCAN` with this count takes a few tenths of a millisecond of the server's time. */
const KEYS_PER_SCAN = 500;
const KEYS_PER_READ = 100;

/**
 * Lists what a node has, one part after the other. A part is one `SCAN`, and a script that looks at the keys that
 * were found.
 */
export class RedisListing {
  constructor(
    private readonly connection: RedisConnection,
    private readonly keyPrefix: string,
    private readonly clock: Clock,
    private readonly database = 0,
  ) {}

  async part({ pattern, from, resources }: ListRequest): Promise<ListedPart> {
    if (resources !== undefined) {
      return { holds: await this.holdsAt(resources.map((resource) => this.keyPrefix + resource)) };
    }
    const { client } = this.connection;
    const servers = client.masters();
    // The masters of the cluster are unknown. The error of this command tells why.
    if (servers.length === 0) await this.ask(() => client.send('ping'));
    const place = placeFrom(from, servers);
    const [pace, step] = await Promise.all([
      from === undefined ? this.pace(place.server) : undefined,
      this.scan(place, escapeGlob(this.keyPrefix) + pattern),
    ]);
    const holds = await this.holdsAt(step.keys.filter((key) => !this.isCounter(key)));
    return {
      holds,
      ...(step.next === undefined ? {} : { next: step.next }),
      ...(pace === undefined ? {} : { pace }),
    };
  }

  private async scan({ server, cursor, after }: Place, match: string): Promise<Step> {
    const reply = await this.ask(() => server.send('scan', [cursor, 'MATCH', match, 'COUNT', KEYS_PER_SCAN]));
    const [next, keys] = Array.isArray(reply) ? (reply as unknown[]) : [];
    const isStep = typeof next === 'string' && /^\d+$/.test(next) && Array.isArray(keys);
    if (!isStep || !keys.every((key) => typeof key === 'string')) throw unexpectedReply().error;
    if (next !== '0') return { keys, next: `${server.address} ${next}` };
    return { keys, ...(after === undefined ? {} : { next: `${after.address} 0` }) };
  }

  /** The locks at these keys. A name can come twice in one reply. */
  private async holdsAt(keys: readonly string[]): Promise<ListedHold[]> {
    const distinct = [...new Set(keys)];
    const groups = this.connection.hasSlots ? groupBySlot(distinct) : [distinct];
    const read = await Promise.all(groups.flatMap(inReads).map((part) => this.read(part)));
    return read.flat();
  }

  private read(keys: readonly string[]): Promise<ListedHold[]> {
    const args = [this.connection.hasSlots ? '' : this.database, ...keys.map(lineEndsOf)];
    return new Promise((resolve, reject) => {
      runScript(this.connection, {
        script: LIST,
        keys,
        args,
        send: (client) => client.send('evalsha', [LIST.sha, keys.length, ...keys, ...args]),
        maySendAgain: () => true,
        onReply: (reply) => {
          const holds = listedHoldsFrom(
            reply,
            keys.map((key) => key.slice(this.keyPrefix.length)),
          );
          if ('kind' in holds) reject(holds.error);
          else resolve(holds);
        },
        onError: reject,
      });
    });
  }

  /** True for a fencing counter. There may be thousands of counters, and no lock has such a name. */
  private isCounter(key: string): boolean {
    return key.startsWith(FENCE_COUNTERS, this.keyPrefix.length);
  }

  /**
   * Measures the round trip and the clock of a server. The round trip is known even if the user has no right to
   * the time.
   */
  private async pace(server: Server): Promise<NodePace | undefined> {
    const [startedAtMs, startedAtWallMs] = [this.clock.now(), this.clock.wallNow()];
    const reply = await this.ask(() => server.send('time')).catch(() => undefined);
    const roundTripMs = this.clock.now() - startedAtMs;
    const [seconds, micros] = Array.isArray(reply) ? reply.map(Number) : [];
    const timeMs = (seconds ?? NaN) * 1_000 + (micros ?? NaN) / 1_000;
    if (!Number.isFinite(timeMs)) return reply === undefined ? { roundTripMs } : undefined;
    return { roundTripMs, clockAheadMs: timeMs - startedAtWallMs - roundTripMs / 2 };
  }

  private ask(question: () => Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.connection.ask({ send: question, onReply: resolve, onError: reject });
    });
  }
}

interface Step {
  readonly keys: string[];
  readonly next?: string;
}

interface Place {
  readonly server: Server;
  readonly cursor: string;
  /** The server whose keys come next. */
  readonly after: Server | undefined;
}

/** Finds the place by address and cursor, since a cluster names its servers in no fixed order. */
function placeFrom(from: string | undefined, unsorted: readonly Server[]): Place {
  const servers = [...unsorted].sort((a, b) => (a.address < b.address ? -1 : 1));
  const [address, cursor = '0'] = from?.split(' ') ?? [];
  const at = address === undefined ? 0 : servers.findIndex((server) => server.address === address);
  const server = servers[at];
  if (server === undefined) {
    throw new RedisNodeError('not connected: the server whose keys were listed is away', 'NOT_CONNECTED');
  }
  return { server, cursor, after: servers[at + 1] };
}

function inReads(keys: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(keys.length / KEYS_PER_READ) }, (_, at) =>
    keys.slice(at * KEYS_PER_READ, (at + 1) * KEYS_PER_READ),
  );
}
