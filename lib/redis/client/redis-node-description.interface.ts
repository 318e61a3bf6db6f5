import type { ServerClient } from './server-client.interface';

/** The place of a node. It contains no secrets. */
export interface RedisPlace {
  /** The name that people read in votes, events and errors. */
  readonly name: string;
  /**
   * The address for comparison. Two entries that lead to the same server have the same address, whatever their
   * database.
   */
  readonly address: string;
}

/** A node that was checked, and is not connected yet. */
export interface RedisNodeDescription extends RedisPlace {
  /** The texts that must never be shown. The list grows when passwords change. */
  readonly secrets: readonly string[];
  /** The number of its database, if that is not 0. */
  readonly database?: number;
  /** The Sentinels that know the master of the group. */
  readonly group?: SentinelGroup;
  /** Makes a client of our own, which is not connected yet. */
  open(): ServerClient;
}

export interface SentinelGroup {
  readonly name: string;
  /** The Sentinels, each as a server to connect to. */
  readonly sentinels: readonly RedisNodeDescription[];
  /** True if servers are reached by other addresses than the Sentinels name. */
  readonly isMapped: boolean;
}
