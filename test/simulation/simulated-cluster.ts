import { keySlot } from '../../lib/redis/script/key-slot';
import { moveSlot } from './move-slot';
import type { Rules } from './rules';
import type { SimulatedNode } from './simulated-node';

const SLOTS = 16_384;

/** A Redis Cluster, which counts as one node: each of its masters has some of the slots, and fails by itself. */
export class SimulatedCluster {
  constructor(
    readonly name: string,
    readonly position: number,
    readonly masters: readonly SimulatedNode[],
  ) {}

  private readonly moved = new Map<string, number>();

  /** Which of the masters has this resource. */
  indexOf(resource: string): number {
    return this.moved.get(resource) ?? Math.floor((keySlot(resource) / SLOTS) * this.masters.length);
  }

  /** The one that a fault hits. */
  master(index = 0): SimulatedNode {
    return this.masters[index % this.masters.length] as SimulatedNode;
  }

  /** @returns false if it stays where it is: one of the two masters is away */
  move(resource: string, to: number, rules: Rules): boolean {
    const from = this.master(this.indexOf(resource));
    const next = this.master(to);
    if (from === next || from.state !== 'up' || next.state !== 'up') return false;
    this.moved.set(resource, to % this.masters.length);
    moveSlot(resource, from, next, rules);
    return true;
  }

  get wasSetBack(): boolean {
    return this.masters.some(({ wasSetBack }) => wasSetBack);
  }

  ownerOf(resource: string): string | undefined {
    return this.master(this.indexOf(resource)).ownerOf(resource);
  }

  ownersOf(resource: string): readonly string[] {
    return this.master(this.indexOf(resource)).ownersOf(resource);
  }

  remove(resource: string): void {
    this.master(this.indexOf(resource)).remove(resource);
  }
}
