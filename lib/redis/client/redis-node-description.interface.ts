import type { ServerClient } from './server-client.interface';

/** Where a node is, free of secrets. */
export interface RedisPlace {
  /** The name that people read in votes, events and errors. */
  readonly name: string;
  /**
   * The address for comparison. Two entries that lead to the same server have the same one, whatever their database.
   */
  readonly address: string;
}

/** A node that was checked, and not connected to yet. */
export interface RedisNodeDescription extends RedisPlace {
  /** What must never be shown. It grows when passwords change. */
  readonly secrets: readonly string[];
  /** The number of its database, if that is not 0. */
  readonly database?: number;
  /** Those who say where a Sentinel group has its master. */
  readonly group?: SentinelGroup;
  /** A client of our own, which is not connected yet. */
  open(): ServerClient;
}

export interface SentinelGroup {
  readonly name: string;
  /** Each as something to connect to. */
  readonly sentinels: readonly RedisNodeDescription[];
  /** Whether servers are reached under other addresses than the Sentinels name. */
  readonly isMapped: boolean;
}
