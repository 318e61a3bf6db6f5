import type { Clock, Timer } from '../../ports/clock.interface';
import { RedisNodeError } from '../client/redis-node-error';
import type { ClusterParts, Server } from '../client/server-client.interface';
import { type ServerInfo, wasReplicaSince } from './server-info';
import { SlotOwners } from './slot-owners';

/** A server of a cluster that has said who it is. */
export interface KnownServer {
  readonly server: Server;
  readonly info?: ServerInfo;
}

export interface NewcomersSetup {
  readonly cluster: ClusterParts;
  /** Returns the masters of the cluster at this moment. */
  readonly masters: () => readonly Server[];
  readonly clock: Clock;
  /** The longest time for finding out about one. */
  readonly limitMs: number;
  /** Returns the known master at this address. */
  readonly memberAt: (address: string) => KnownServer | undefined;
  readonly ask: (server: Server) => Promise<ServerInfo | RedisNodeError | undefined>;
  /** Called when something was found out, or will not be. */
  readonly onJudged: () => void;
}

/** A master that was unknown when its first reply came. */
interface Newcomer {
  readonly server: Server;
  readonly timer: Timer;
  isBeingJudged: boolean;
  isAdditional?: boolean;
}

/** The way in which an unknown master came to its slots. */
interface Arrival {
  readonly givers: ReadonlySet<string | undefined>;
  /** A moment on our monotonic clock at which it had no slot yet. */
  readonly withoutSlotsAtMs: number;
}

/**
 * Tells a master that joined a cluster from one that replaced another, which may have forgotten locks. A master
 * that joins gets slots with their keys from masters that go on. So a newcomer counts as additional only if both
 * are true:
 * - It was never a replica, and it has run since it had no slots.
 * - Each of its slots was that of a known master. That master answers after the cluster has listed the new owner,
 *   is still a master, and was not started again.
 */
export class Newcomers {
  private readonly owners: SlotOwners;
  private readonly newcomers = new Map<string, Newcomer>();
  private readonly arrivals = new Map<string, Arrival>();
  private listedAtMs = 0;
  private hasLoss = false;

  constructor(private readonly setup: NewcomersSetup) {
    this.owners = new SlotOwners(setup.cluster);
  }

  /** True while it is open if the replies of some master count. */
  get areInDoubt(): boolean {
    for (const { isAdditional } of this.newcomers.values()) if (isAdditional === undefined) return true;
    return false;
  }

  /** @returns undefined while that is not known */
  isAdditional(address: string, { server, info }: KnownServer): boolean | undefined {
    const known = this.newcomers.get(address);
    if (known?.server === server) return known.isAdditional;
    if (info?.facts === undefined || !info.isMasterFromBirth) return false;
    this.forget(address);
    const timer = this.setup.clock.schedule(
      this.setup.limitMs,
      () => {
        this.decide(address, false);
      },
      { background: true },
    );
    this.newcomers.set(address, { server, timer, isBeingJudged: false });
    if (this.arrivals.has(address)) this.judge(address);
    // A redirect led to this master before any listing named it.
    else this.setup.cluster.listSlots();
    return undefined;
  }

  /** Removes a newcomer that is known now, or is no master any more. */
  forget(address: string): void {
    this.newcomers.get(address)?.timer.cancel();
    this.newcomers.delete(address);
  }

  /**
   * Call it when the cluster has just told its masters.
   *
   * @returns true if a newcomer whose replies may have been taken is no master of the cluster
   */
  listed(addresses: ReadonlySet<string>): boolean {
    const { clock, memberAt } = this.setup;
    for (const [to, givers] of this.owners.takeMoves()) {
      if (memberAt(to) === undefined) this.addArrival(to, givers);
      else if (![...givers].every((from) => this.isThere(from))) this.hasLoss = true;
    }
    this.listedAtMs = clock.now();
    for (const address of this.arrivals.keys()) {
      if (!addresses.has(address) || memberAt(address) !== undefined) this.arrivals.delete(address);
    }
    let isOneUnlisted = false;
    for (const [address, { isAdditional }] of this.newcomers) {
      if (addresses.has(address)) this.judge(address);
      else {
        isOneUnlisted ||= isAdditional === undefined;
        this.forget(address);
      }
    }
    return isOneUnlisted;
  }

  /**
   * Tells if slots went from a master that is away to one that cannot know what was locked there. A redirect can
   * tell that before a listing does.
   */
  hasLossOf(members: Iterable<string>): boolean {
    for (const address of members) {
      if (!this.hasLoss && !this.isThere(address)) this.hasLoss = this.owners.isSucceeded(address);
    }
    return this.hasLoss;
  }

  /** Tells if such a loss was noticed. It tells each loss once. */
  takeLoss(): boolean {
    const { hasLoss } = this;
    this.hasLoss = false;
    return hasLoss;
  }

  stop(): void {
    for (const address of this.newcomers.keys()) this.forget(address);
  }

  private addArrival(address: string, givers: Arrival['givers']): void {
    const before = this.arrivals.get(address) ?? { givers: [], withoutSlotsAtMs: this.listedAtMs };
    this.arrivals.set(address, { ...before, givers: new Set([...before.givers, ...givers]) });
  }

  /**
   * A master that left the cluster in an orderly way stays connected until now, when it is removed from the list.
   */
  private isThere(address: string | undefined): boolean {
    return address !== undefined && this.setup.memberAt(address)?.server.isReady === true;
  }

  private judge(address: string): void {
    const newcomer = this.newcomers.get(address);
    const arrival = this.arrivals.get(address);
    if (newcomer === undefined || newcomer.isBeingJudged) return;
    newcomer.isBeingJudged = true;
    if (arrival === undefined) {
      this.decide(address, false);
      return;
    }
    void this.isProven(newcomer, arrival).then((isProven) => {
      if (this.newcomers.get(address) === newcomer) this.decide(address, isProven);
    });
  }

  private async isProven({ server }: Newcomer, arrival: Arrival): Promise<boolean> {
    const { clock, memberAt, ask } = this.setup;
    const masters = this.setup.masters();
    const givers = [...arrival.givers].map((from) => (from === undefined ? undefined : memberAt(from)));
    const servers = [server, ...givers.map((giver) => giver?.server)];
    const [info, ...theirs] = await Promise.all(
      servers.map(async (one) => (one !== undefined && masters.includes(one) ? ask(one) : undefined)),
    );
    if (!isInfo(info) || !info.isMasterFromBirth || info.facts === undefined) return false;
    return (
      info.facts.uptimeMs >= clock.now() - arrival.withoutSlotsAtMs &&
      theirs.every((answer, i) => isInfo(answer) && isSameMaster(answer, givers[i]?.info))
    );
  }

  private decide(address: string, isAdditional: boolean): void {
    const newcomer = this.newcomers.get(address);
    if (newcomer === undefined || newcomer.isAdditional !== undefined) return;
    newcomer.timer.cancel();
    newcomer.isAdditional = isAdditional;
    this.setup.onJudged();
  }
}

function isInfo(answer: ServerInfo | RedisNodeError | undefined): answer is ServerInfo {
  return answer !== undefined && !(answer instanceof RedisNodeError);
}

function isSameMaster(info: ServerInfo, before: ServerInfo | undefined): boolean {
  const { role, facts } = info;
  const isSameServer = facts !== undefined && facts.runId === before?.facts?.runId;
  return role === 'master' && isSameServer && !wasReplicaSince(before, info);
}
