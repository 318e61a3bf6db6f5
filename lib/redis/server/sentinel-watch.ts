import { isIP } from 'node:net';
import type { Clock } from '../../ports/clock.interface';
import { FAILED_OVER } from './connection-reasons';
import { keepAwake } from './keep-awake';
import type { RedisNodeDescription, SentinelGroup } from '../client/redis-node-description.interface';
import { RedisNodeError, toRedisNodeError } from '../client/redis-node-error';
import type { ServerClient } from '../client/server-client.interface';
import { UnexplainedError } from '../client/unexplained-error';

/** All Sentinels know of a failover within seconds. Until then some still name the old master. */
const BELIEVED_MS = 15_000;
const ASK_EVERY_MS = 30_000;

interface Master {
  readonly host: string;
  readonly port: number;
}

/**
 * Listens to the Sentinels of a group, which tell at once when another server becomes its master.
 *
 * Without this, a planned failover gives two holders: the old master stays a master for ten seconds or more.
 * Clients that are connected to it go on extending there, and others lock on the new master. The detector of
 * ioredis is not used: it leaves the master when any group of its Sentinels fails over. So all nodes would go away
 * at once if one set of Sentinels watches them.
 */
export class SentinelWatch {
  /** The reason why no Sentinel can be listened to. */
  private lastError: RedisNodeError | undefined;
  private newest: (Master & { readonly untilMs: number }) | undefined;
  private readonly ends: readonly (() => void)[];

  /**
   * @param client the connection to the master
   * @param onSwitch called when that connection leads to a server that is not the master any more
   */
  constructor(
    private readonly client: ServerClient,
    private readonly group: SentinelGroup,
    private readonly clock: Clock,
    private readonly onSwitch: () => void,
  ) {
    this.ends = group.sentinels.map((sentinel) => this.listenTo(sentinel));
  }

  /**
   * The reason why the server of the connection must not be used. A Sentinel may still have named the old master.
   */
  get problem(): RedisNodeError | undefined {
    const { newest } = this;
    if (newest === undefined || this.clock.now() > newest.untilMs || this.isAt(newest) !== false)
      return undefined;
    return FAILED_OVER;
  }

  /** Explains an error, if the client library does not know its reason and we do. */
  explain(error: unknown): RedisNodeError | undefined {
    const { lastError } = this;
    if (lastError === undefined || !(error instanceof UnexplainedError)) return undefined;
    return new RedisNodeError(error.start + lastError.message, lastError.code);
  }

  stop(): void {
    for (const end of this.ends) end();
  }

  private listenTo(description: RedisNodeDescription): () => void {
    const sentinel = description.open();
    sentinel.listen({
      onReady: () => {
        this.lastError = undefined;
        // A failover may have happened before we could hear of it. The question is sent together with the
        // subscription, so that nothing can happen in between.
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
        // If the addresses cannot be compared, a new connection finds the master.
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

  /**
   * Tells if the connection leads to this master. Undefined if that is unknown: it is not connected, or the
   * Sentinels name addresses to which we do not connect.
   */
  private isAt({ host, port }: Master): boolean | undefined {
    const { remoteAddress, remotePort } = this.client.servers()[0]?.connection ?? {};
    if (remoteAddress === undefined || isIP(host) === 0 || this.group.isMapped) return undefined;
    return bare(remoteAddress) === bare(host) && remotePort === port;
  }
}

/** Shortens an IPv4 address that came over IPv6. */
function bare(address: string): string {
  return address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
}

function ignore(): void {
  // Nothing is done: the connection to the master tells what is wrong, and these connections open again by
  // themselves.
}

/** Makes a watch if the node has Sentinels. */
export function watchSentinels(
  client: ServerClient,
  { group }: RedisNodeDescription,
  clock: Clock,
  onSwitch: () => void,
): SentinelWatch | undefined {
  return group === undefined ? undefined : new SentinelWatch(client, group, clock, onSwitch);
}
