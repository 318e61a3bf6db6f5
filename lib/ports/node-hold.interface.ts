import type { NodeMember } from './sharing.interface';

/** A resource as one node has it. */
export interface NodeHold {
  /** The exclusive holder's; of `members`, that of the one which is kept longest. */
  readonly ownerToken: string;
  /** The time until the node forgets it. Infinity for a key without an expiry, which no lock of this library leaves. */
  readonly ttlMs: number;
  /** The readers and permit holders, at least one; missing for an exclusive hold. */
  readonly members?: readonly NodeMember[];
  /**
   * What is there in place of a lock: a key of another program, by the name that the server has for its type, such as
   * `hash`. `ownerToken` is `''` then.
   */
  readonly foreignType?: string;
  /** How many stand in line for it. Missing where nobody does, or where the node may not tell. */
  readonly waiting?: number;
}
