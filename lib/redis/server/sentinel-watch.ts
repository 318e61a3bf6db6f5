import { isIP } from 'node:net';
import type { Clock } from '../../ports/clock.interface';
import { FAILED_OVER } from './connection-reasons';
import { keepAwake } from './keep-awake';
import type { RedisNodeDescription, SentinelGroup } from '../client/redis-node-description.interface';
import { RedisNodeError, toRedisNodeError } from '../client/redis-node-error';
import type { ServerClient } from '../client/server-client.interface';

/** All Sentinels know of a failover within seconds; until then some name the old master. */
const BELIEVED_MS = 15_000;
const ASK_EVERY_MS = 30_000;
const SAYS_NOTHING = 'Connection is closed.';

interface Master {
  readonly host: string;
  readonly port: number;
}

/**
 * Listens to the Sentinels of a group, which say at once when another server becomes its master.
 *
 * Without it a planned failover gives two holders: the old master stays a master for ten seconds or more, who is connected
 * to it goes on extending there, and others lock on the new one. The detector of ioredis leaves the master whenever any
 * group of its Sentinels fails over, and would take all nodes away at once where one set of Sentinels watches them.
 */
export class SentinelWatch {
  /** Why none of the Sentinels can be listened to, which ioredis does not tell. */
  private lastError: RedisNodeError | undefined;
  private newest: (Master & { readonly untilMs: number }) | undefined;
  private readonly ends: readonly (() => void)[];

  /**
   * @param client the connection to the master
   * @param onSwitch that connection leads to a server that is not the master any more
   */
  constructor(
    private readonly client: ServerClient,
    private readonly group: SentinelGroup,
    private readonly clock: Clock,
    private readonly onSwitch: () => void,
  ) {
    this.ends = group.sentinels.map((sentinel) => this.listenTo(sentinel));
  }

  /** Why the server that the client is connected to must not be used: a Sentinel may still have named the old master. */
  get problem(): RedisNodeError | undefined {
    const { newest } = this;
    if (newest === undefined || this.clock.now() > newest.untilMs || this.isAt(newest) !== false)
      return undefined;
    return FAILED_OVER;
  }

  /** Explains an error of ioredis, which says only that the connection is closed where a Sentinel cannot be reached. */
  explain({ message, code }: RedisNodeError): RedisNodeError | undefined {
    const { lastError } = this;
    if (lastError === undefined || !message.endsWith(SAYS_NOTHING)) return undefined;
    return new RedisNodeError(message.replace(SAYS_NOTHING, lastError.message), lastError.code ?? code);
  }

  stop(): void {
    for (const end of this.ends) end();
  }

  private listenTo(description: RedisNodeDescription): () => void {
    const sentinel = description.open();
    sentinel.listen({
      onReady: () => {
        this.lastError = undefined;
        // It may have happened before we could hear of it. Sent together, so that nothing fits in between.
        sentinel.send('sentinel', ['GET-MASTER-ADDR-BY-NAME', this.group.name]).then((reply) => {
          const [host, port] = Array.isArray(reply) ? (reply as unknown[]) : [];
          if (typeof host === 'string' && this.isAt({ host, port: Number(port) }) === false) this.onSwitch();
        }, ignore);
        sentinel.subscribe(['+switch-master']).then(() => {
          sentinel.isGood();
        }, ignore);
      },
      onClose: ignore,
      onError: (error) => {
        this.lastError = toRedisNodeError(error, description.secrets);
      },
      onMessage: (_channel, message) => {
        const [group, , , host, port] = message.split(' ');
        if (group !== this.group.name || host === undefined) return;
        this.newest = { host, port: Number(port), untilMs: this.clock.now() + BELIEVED_MS };
        // Where that cannot be compared, a new connection finds out.
        if (this.isAt(this.newest) !== true) this.onSwitch();
      },
    });
    sentinel.keepConnected(this.clock, ignore);
    const stopKeepingAwake = keepAwake(sentinel, this.clock, ASK_EVERY_MS);
    return () => {
      stopKeepingAwake();
      sentinel.drop();
    };
  }

  /** Undefined where it cannot be told: not connected, or the Sentinels name what we do not connect to. */
  private isAt({ host, port }: Master): boolean | undefined {
    const { remoteAddress, remotePort } = this.client.servers()[0]?.connection ?? {};
    if (remoteAddress === undefined || isIP(host) === 0 || this.group.isMapped) return undefined;
    return bare(remoteAddress) === bare(host) && remotePort === port;
  }
}

/** An IPv4 address that came over IPv6. */
function bare(address: string): string {
  return address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
}

function ignore(): void {
  // The connection to the master tells what is wrong; these connect again by themselves.
}

/** Where there are Sentinels to listen to. */
export function watchSentinels(
  client: ServerClient,
  { group }: RedisNodeDescription,
  clock: Clock,
  onSwitch: () => void,
): SentinelWatch | undefined {
  return group === undefined ? undefined : new SentinelWatch(client, group, clock, onSwitch);
}
