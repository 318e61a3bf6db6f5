import type { ClusterParts } from '../client/server-client.interface';

/** The servers that slots went to, each with those they came from. Undefined where no owner was known. */
export type SlotMoves = ReadonlyMap<string, ReadonlySet<string | undefined>>;

/** Which master of a cluster has which slot, by address, as the cluster last listed it. */
export class SlotOwners {
  private owners: readonly (string | undefined)[] = [];

  constructor(private readonly cluster: ClusterParts) {}

  /** The cluster has just listed its slots. One that nobody has now counts as that of its last owner. */
  takeMoves(): SlotMoves {
    const before = this.owners;
    this.owners = Array.from(this.cluster.slots, (servers) => servers?.[0]);
    const moves = new Map<string, Set<string | undefined>>();
    if (before.length === 0) return moves;
    this.owners.forEach((to, slot) => {
      const from = before[slot];
      if (to === undefined || to === from) return;
      moves.set(to, (moves.get(to) ?? new Set()).add(from));
    });
    return moves;
  }

  /** Whether a server has said since that somebody else has a slot of `owner`. */
  isSucceeded(owner: string): boolean {
    const { slots } = this.cluster;
    return this.owners.some((before, slot) => before === owner && slots[slot]?.[0] !== owner);
  }
}
