import { keySlot } from '../../lib/redis/request/key-slot';
import type { SimulatedNode } from './simulated-node';

const SLOTS = 16_384;

/** A Redis Cluster, which counts as one node: each of its masters has some of the slots, and fails by itself. */
export class SimulatedCluster {
  constructor(
    readonly name: string,
    readonly position: number,
    readonly masters: readonly SimulatedNode[],
  ) {}

  /** Which of the masters has this resource. */
  indexOf(resource: string): number {
    return Math.floor((keySlot(resource) / SLOTS) * this.masters.length);
  }

  /** The one that a fault hits. */
  master(index = 0): SimulatedNode {
    return this.masters[index % this.masters.length] as SimulatedNode;
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
