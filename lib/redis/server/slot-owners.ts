import type { ClusterParts } from '../client/server-client.interface';

/**
 * The servers that got slots, each with the servers that had these slots. Undefined stands for slots without a
 * known owner.
 */
export type SlotMoves = ReadonlyMap<string, ReadonlySet<string | undefined>>;

/** The masters of a cluster by slot, as the cluster last listed them. A master is named by its address. */
export class SlotOwners {
  private owners: readonly (string | undefined)[] = [];

  constructor(private readonly cluster: ClusterParts) {}

  /**
   * Call it when the cluster has just listed its slots. A slot that nobody has now is still that of its last owner:
   * the list leaves it out, and the client keeps what it knew of it.
   */
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

  /** Tells if a server has said since then that another master has a slot of `owner`. */
  isSucceeded(owner: string): boolean {
    const { slots } = this.cluster;
    return this.owners.some((before, slot) => before === owner && slots[slot]?.[0] !== owner);
  }
}
