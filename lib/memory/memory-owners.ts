import { Sweep } from './sweep';

/** The exclusive holder of a resource. */
export interface Owner {
  readonly ownerToken: string;
  readonly expiresAtMs: number;
}

/** The exclusive holders of a node in this process. */
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

  /** The resources with an owner. Those that have ended are included until they are dropped. */
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
