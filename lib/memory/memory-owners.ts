import { Sweep } from './sweep';

/** Who has a resource alone. */
export interface Owner {
  readonly ownerToken: string;
  readonly expiresAtMs: number;
}

/** The exclusive holds of a node in this process. */
export class MemoryOwners {
  private readonly owners = new Map<string, Owner>();
  private readonly sweep = new Sweep();

  find(resource: string, now: number): Owner | undefined {
    const owner = this.owners.get(resource);
    return owner !== undefined && owner.expiresAtMs > now ? owner : undefined;
  }

  put(resource: string, ownerToken: string, expiresAtMs: number): void {
    this.owners.set(resource, { ownerToken, expiresAtMs });
  }

  remove(resource: string): void {
    this.owners.delete(resource);
  }

  /** Also those that have ended, until they are dropped. */
  resources(): Iterable<string> {
    return this.owners.keys();
  }

  dropExpired(now: number): void {
    this.sweep.ifGrown(this.owners, ({ expiresAtMs }) => expiresAtMs <= now);
  }

  clear(): void {
    this.owners.clear();
  }
}
