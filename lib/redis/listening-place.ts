import { toRedisNodeError } from './client/redis-node-error';
import type { Askable } from './client/server-client.interface';
import { isInfoRefused, parseServerInfo, UNKNOWN_SERVER } from './server/server-info';

/** A server by its `run_id`; null for one that does not say who it is, undefined as long as nothing is known. */
export type ServerId = string | null | undefined;

/**
 * Whether the connection that hears of releases leads to the server that tells of them: the one to which the other
 * connection of the node leads. After a failover behind one name, or with a balancer in between, it need not.
 */
export class ListeningPlace {
  private here: ServerId;
  private isReplica = false;

  /** @param there the server to which the other connection leads */
  constructor(private there: ServerId) {}

  /** Servers that do not say who they are pass for one. */
  get isRight(): boolean {
    return this.here !== undefined && this.there !== undefined && !this.isWrong;
  }

  /** It surely leads elsewhere. What is not known yet is not wrong. */
  get isWrong(): boolean {
    const { here, there } = this;
    // Of the server itself the other connection knows what it is.
    if (typeof here === 'string' && typeof there === 'string') return here !== there;
    return this.isReplica;
  }

  toldAt(there: ServerId): void {
    this.there = there;
  }

  /** The connection is gone, and with it what is known of it. */
  forget(): void {
    this.here = undefined;
    this.isReplica = false;
  }

  /**
   * Asks the server of a new connection.
   *
   * @returns whether it said something, or refused to for good
   */
  async meet(server: Askable): Promise<boolean> {
    try {
      this.learn(parseServerInfo(await server.send('info')));
    } catch (error) {
      if (server.isCutOff(error) || !isInfoRefused(toRedisNodeError(error, []))) return false;
      this.learn(UNKNOWN_SERVER);
    }
    return true;
  }

  /** A cluster tells of releases at each of its servers. */
  meetCluster(): true {
    this.here = null;
    return true;
  }

  private learn({ facts, role = 'master' }: ReturnType<typeof parseServerInfo>): void {
    this.here = facts?.runId ?? null;
    this.isReplica = role !== 'master';
  }
}
