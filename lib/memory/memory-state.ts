import type { TimeSource } from '../ports/clock.interface';
import { MemoryCounters } from './memory-counters';
import { MemoryLine } from './memory-line';
import { MemoryMembers } from './memory-members';
import { MemoryOwners } from './memory-owners';

/** All that a node in this process knows. A resource has an owner or members, never both. */
export class MemoryState {
  readonly owners = new MemoryOwners();
  readonly members = new MemoryMembers();
  readonly line = new MemoryLine();
  readonly counters: MemoryCounters;

  constructor(clock: TimeSource) {
    this.counters = new MemoryCounters(clock);
  }

  dropExpired(now: number): void {
    this.owners.dropExpired(now);
    this.members.dropExpired(now);
    this.line.dropExpired(now);
  }

  clear(): void {
    this.owners.clear();
    this.members.clear();
    this.line.clear();
    this.counters.clear();
  }
}
