import { isIP } from 'node:net';
import type { Clock, Timer } from '../../ports/clock.interface';
import { FAILED_OVER } from './connection-reasons';
import { keepAwake } from './keep-awake';
import type { RedisNodeDescription, SentinelGroup } from '../client/redis-node-description.interface';
import { RedisNodeError, toRedisNodeError } from '../client/redis-node-error';
import type { ServerClient } from '../client/server-client.interface';
import { UnexplainedError } from '../client/unexplained-error';
import { type Master, SentinelClaims } from './sentinel-claims';

const ASK_EVERY_MS = 30_000;
/**
 * A process that starts waits for its Sentinels for this number of looks, a quarter of a second. A time in which it is
 * blocked is one look: it could not hear them, and many processes are blocked while they start.
 */
const LOOKS_AT_START = 10;
/**
 * The looks for those that have accepted a connection, three quarters of a second: they live, and are slow. A longer
 * wait would cost the first lock of a process its whole time, two times `nodeTimeout` with the defaults.
 */
const LOOKS_AT_SLOW = 30;
const LOOK_EVERY_MS = 25;
const SWITCHES = '+switch-master';

interface SentinelEvents {
  onSwitch(): void;
  onInformed(): void;
}

/**
 * Listens to the Sentinels of a group, which tell at once when another server becomes its master.
 *
 * Without this, a planned failover gives two holders: the old master stays a master for ten seconds or more.
 * Clients that are connected to it go on extending there, and others lock on the new master. The detector of
 * ioredis is not used: it leaves the master when any group of its Sentinels fails over. So all nodes would go away
 * at once if one set of Sentinels watches them.
 *
 * All of them are asked, since one that is cut off from the others goes on naming the old master.
 */
export class SentinelWatch {
  /** The reason why no Sentinel can be listened to. */
  private lastError: RedisNodeError | undefined;
  private readonly claims: SentinelClaims;
  /** The Sentinels that have not answered since the start. The others have, or could not be reached. */
  private readonly awaited: Set<number>;
  private readonly answered = new Set<number>();
  private readonly sentinels: readonly ServerClient[];
  private readonly ends: (() => void)[];
  private nextLook: Timer;

  /**
   * @param client the connection to the master
   * @param events called when that connection leads to a server that is not the master any more, and when the watch
   *   has heard enough (`isInformed`)
   */
  constructor(
    private readonly client: ServerClient,
    private readonly group: SentinelGroup,
    private readonly clock: Clock,
    private readonly events: SentinelEvents,
  ) {
    const { sentinels } = group;
    this.claims = new SentinelClaims(sentinels.length);
    this.awaited = new Set(sentinels.keys());
    this.nextLook = this.lookLater(1);
    this.ends = [
      () => {
        this.nextLook.cancel();
      },
    ];
    this.sentinels = sentinels.map((sentinel, index) => this.listenTo(sentinel, index));
  }

  /**
   * The reason why the server of the connection must not be used. The Sentinel that named it may not know yet of the
   * failover, or be cut off from the others.
   */
  get problem(): RedisNodeError | undefined {
    const newest = this.claims.newest(this.clock.now());
    const isElsewhere = newest.length > 0 && newest.every((master) => this.isAt(master) === false);
    return isElsewhere ? FAILED_OVER : undefined;
  }

  /** Asks all Sentinels where the master is now. An operator may have named another one, which nobody announces. */
  askAgain(): void {
    for (const [index, sentinel] of this.sentinels.entries()) this.askSubscribed(sentinel, index);
  }

  /**
   * True if a majority of the Sentinels has told where the master is. A process that starts waits for that, but not for
   * long.
   */
  get isInformed(): boolean {
    return this.awaited.size === 0 || this.answered.size * 2 > this.group.sentinels.length;
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

  /** Looks again whether the wait at the start is over, also for Sentinels that say nothing. */
  private lookLater(looks: number): Timer {
    return this.clock.schedule(LOOK_EVERY_MS, () => {
      if (looks >= LOOKS_AT_START)
        for (const index of this.awaited)
          if (looks >= LOOKS_AT_SLOW || !this.isReached(index)) this.giveUpOn(index);
      if (!this.isInformed) this.nextLook = this.lookLater(looks + 1);
    });
  }

  /** True if the Sentinel has accepted a connection. */
  private isReached(index: number): boolean {
    return this.sentinels[index]?.servers()[0]?.connection?.remoteAddress !== undefined;
  }

  private listenTo(description: RedisNodeDescription, index: number): ServerClient {
    const sentinel = description.open();
    sentinel.listen({
      onReady: () => {
        this.lastError = undefined;
        this.ask(sentinel, index);
      },
      onClose: () => {
        this.claims.goAway(index, this.clock.now());
        this.giveUpOn(index);
      },
      onError: (error) => {
        this.lastError = toRedisNodeError(error, description.secrets);
        this.giveUpOn(index);
      },
      onMessage: (_channel, message) => {
        const [group, , , ...address] = message.split(' ');
        const master = masterIn(address);
        if (group !== this.group.name || master === undefined) return;
        this.claims.announce(index, master, this.clock.now());
        // If the addresses cannot be compared, a new connection finds the master.
        if (this.isAt(master) !== true) this.events.onSwitch();
        this.askSubscribed(sentinel, index);
      },
    });
    sentinel.keepConnected(this.clock, ignore);
    const stopKeepingAwake = keepAwake(sentinel, this.clock, ASK_EVERY_MS);
    this.ends.push(() => {
      stopKeepingAwake();
      sentinel.drop();
    });
    return sentinel;
  }

  /** Asks a Sentinel to which we listen. While a connection is subscribed it can ask nothing. */
  private askSubscribed(sentinel: ServerClient, index: number): void {
    sentinel.unsubscribe([SWITCHES]).then(() => {
      this.ask(sentinel, index);
    }, ignore);
  }

  /**
   * Asks where the master is, and subscribes. A failover may have happened before we could hear of it. All is sent
   * together, so that nothing can happen in between.
   */
  private ask(sentinel: ServerClient, index: number): void {
    const { name } = this.group;
    // The epoch is asked first. During a failover it can be old for the master that is named then, but never too new.
    const epoch = sentinel.send('sentinel', ['MASTER', name]).then(epochIn, ignore);
    const address = sentinel.send('sentinel', ['GET-MASTER-ADDR-BY-NAME', name]).then(masterIn);
    sentinel.subscribe([SWITCHES]).then(() => {
      sentinel.isGood();
    }, ignore);
    Promise.all([address, epoch]).then(([master, itsEpoch]) => {
      this.hear(index, master, itsEpoch);
    }, ignore);
  }

  private hear(index: number, master: Master | undefined, epoch: number | undefined): void {
    if (master === undefined || epoch !== undefined) {
      this.claims.note(index, master && { master, epoch: epoch ?? 0 });
      if (this.problem !== undefined) this.events.onSwitch();
    } else if (this.isAt(master) === false) {
      // We may not ask for the epoch, so nobody can say who of them is right. A new connection asks another Sentinel.
      this.events.onSwitch();
    }
    // A Sentinel of which we have given up may make the majority, with a later connection.
    const isNews = !this.isInformed || this.awaited.has(index);
    this.answered.add(index);
    this.awaited.delete(index);
    if (isNews && this.isInformed) this.events.onInformed();
  }

  /** Waits no longer for a Sentinel, at the start. */
  private giveUpOn(index: number): void {
    if (this.awaited.delete(index) && this.isInformed) this.events.onInformed();
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

/** Reads an address, which Sentinels tell as a host and a port. Undefined if it is none. */
function masterIn(reply: unknown): Master | undefined {
  const [host, port] = Array.isArray(reply) ? (reply as unknown[]) : [];
  const number = Number(port);
  return typeof host === 'string' && Number.isInteger(number) && number > 0
    ? { host, port: number }
    : undefined;
}

/** Reads the epoch of the last failover. The reply has names and values in turns. Undefined if it has no epoch. */
function epochIn(reply: unknown): number | undefined {
  if (!Array.isArray(reply)) return undefined;
  const at = (reply as unknown[]).indexOf('config-epoch');
  const epoch = at === -1 ? NaN : Number(reply[at + 1]);
  return Number.isInteger(epoch) ? epoch : undefined;
}

/** Shortens an IPv4 address that came over IPv6. */
function bare(address: string): string {
  return address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
}

/** Does nothing: the connection to the master tells what is wrong, and these connections open again by themselves. */
function ignore(): undefined {
  return undefined;
}

/** Makes a watch if the node has Sentinels. */
export function watchSentinels(
  client: ServerClient,
  { group }: RedisNodeDescription,
  clock: Clock,
  events: SentinelEvents,
): SentinelWatch | undefined {
  return group === undefined ? undefined : new SentinelWatch(client, group, clock, events);
}
