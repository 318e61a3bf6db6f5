import type { NodeMember } from './sharing.interface';

/** A resource as one node has it. */
export interface NodeHold {
  /** The owner token of the exclusive holder, or of the member that is kept longest. */
  readonly ownerToken: string;
  /**
   * The time until the node forgets it. Infinity means a key without an expiry, which no lock of this library
   * leaves.
   */
  readonly ttlMs: number;
  /** The readers and permit holders, at least one. Missing for an exclusive holder. */
  readonly members?: readonly NodeMember[];
  /**
   * The type of a key of another program that is there in place of a lock, as the server names it, such as `hash`.
   * Then `ownerToken` is `''`.
   */
  readonly foreignType?: string;
  /** The number of callers in the line. Missing if there are none, or if the node may not tell. */
  readonly waiting?: number;
}
