import type { Lease, LeaseSharing } from './lease';
import type { Validity } from './validity';

/** A lease as it is when its attempt begins, before any node was asked. Very many may be held, so it is small. */
export class NewLease implements Lease {
  /** One name is kept without a list, which would take 56 bytes more. */
  private readonly names: string | readonly string[];
  validUntilMs: number;
  validUntilWallMs: number;
  fencingToken: number | undefined = undefined;
  inherited: Lease | undefined = undefined;
  sharing: LeaseSharing | undefined = undefined;
  wasWon = false;
  releaseBegan = false;
  askedAt = 0;
  releaseAnsweredBy = 0;
  keepUntilMs = 0;
  isLeft?: true;

  constructor(
    resources: readonly string[],
    readonly ownerToken: string,
    readonly label: string | undefined,
    public ttlMs: number,
    { validUntilMs, validUntilWallMs }: Validity,
  ) {
    const [first] = resources;
    this.names = resources.length === 1 && first !== undefined ? first : resources;
    this.validUntilMs = validUntilMs;
    this.validUntilWallMs = validUntilWallMs;
  }

  get resources(): readonly string[] {
    return typeof this.names === 'string' ? [this.names] : this.names;
  }
}
