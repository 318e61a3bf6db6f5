import type { Clock } from '../core/clock.interface';
import type { ReleaseRequest } from '../core/lock-node.interface';

const MOST_KEPT = 1_000;

interface Entry {
  readonly request: ReleaseRequest;
  readonly addedAtMs: number;
}

/**
 * Releases that may not have reached the server, to be sent when it is back: else what they should remove blocks
 * everybody for the rest of its ttl. To compare and delete twice is harmless.
 */
export class ReleaseBacklog {
  private entries: Entry[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly mostKept = MOST_KEPT,
  ) {}

  add(request: ReleaseRequest): void {
    // In a cluster, each of its parts may say so.
    if (this.entries.at(-1)?.request === request) return;
    if (this.entries.length >= this.mostKept) this.dropExpired();
    // The oldest stay: they may be there, while locks that were taken after the server went away never got to it.
    if (this.entries.length >= this.mostKept) return;
    this.entries.push({ request, addedAtMs: this.clock.now() });
  }

  /** Hands over what can still be of use, as it has to be asked for now. */
  takeAll(): ReleaseRequest[] {
    this.dropExpired();
    const taken = this.entries;
    this.entries = [];
    const now = this.clock.now();
    return taken.map(({ request, addedAtMs }) => agedBy(request, now - addedAtMs));
  }

  clear(): void {
    this.entries = [];
  }

  private dropExpired(): void {
    const now = this.clock.now();
    this.entries = this.entries.filter(
      ({ request, addedAtMs }) => now - addedAtMs < Math.max(request.ttlMs, request.keepMs ?? 0),
    );
  }
}

function agedBy(request: ReleaseRequest, ageMs: number): ReleaseRequest {
  const keepMs = request.keepMs === undefined ? undefined : request.keepMs - ageMs;
  return {
    ...request,
    ttlMs: request.ttlMs - ageMs,
    keepMs: keepMs !== undefined && keepMs > 0 ? keepMs : undefined,
  };
}
