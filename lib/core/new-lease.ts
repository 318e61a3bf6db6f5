import type { Lease, LeaseSharing } from './lease';
import type { Validity } from './validity';

/** A lease at the begin of its attempt: nobody was asked yet. Very many leases may be kept, so it is small. */
export class NewLease implements Lease {
  /** One name is kept without a list, which would take as much memory as the place for it in all other fields. */
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
