import { isRefusedForGood, toRedisNodeError } from './client/redis-node-error';
import type { Askable } from './client/server-client.interface';
import { parseServerInfo, UNKNOWN_SERVER } from './server/server-info';

/** A server by its `run_id`. Null stands for a server that does not say who it is, undefined for an unknown one. */
export type ServerId = string | null | undefined;

/**
 * Compares two connections of a node: the one that hears of releases must lead to the same server as the one that
 * requests use. After a failover behind one name, or with a load balancer in between, they may differ.
 */
export class ListeningPlace {
  private here: ServerId;
  private isReplica = false;

  /** @param there the server to which the other connection leads */
  constructor(private there: ServerId) {}

  /** True if both lead to the same server. Servers that do not say who they are count as the same. */
  get isRight(): boolean {
    return this.here !== undefined && this.there !== undefined && !this.isWrong;
  }

  /** True if it certainly leads to another server. What is not known yet is not wrong. */
  get isWrong(): boolean {
    const { here, there } = this;
    // Both run ids are known. So the role need not be looked at: the other connection checks it for this server.
    if (typeof here === 'string' && typeof there === 'string') return here !== there;
    return this.isReplica;
  }

  toldAt(there: ServerId): void {
    this.there = there;
  }

  /** The connection is gone, so nothing is known of it any more. */
  forget(): void {
    this.here = undefined;
    this.isReplica = false;
  }

  /**
   * Asks the server of a new connection.
   *
   * @returns true if it answered, or will never answer this question
   */
  async meet(server: Askable): Promise<boolean> {
    try {
      this.learn(parseServerInfo(await server.send('info')));
    } catch (error) {
      if (server.isCutOff(error) || !isRefusedForGood(toRedisNodeError(error, []))) return false;
      this.learn(UNKNOWN_SERVER);
    }
    return true;
  }

  /** Each server of a cluster tells of all releases, so any of them is right. */
  meetCluster(): true {
    this.here = null;
    return true;
  }

  private learn({ facts, role = 'master' }: ReturnType<typeof parseServerInfo>): void {
    this.here = facts?.runId ?? null;
    this.isReplica = role !== 'master';
  }
}
