/** Why a guarded node has no vote, and for how much longer. */
export class GuardedError extends Error {
  constructor(
    message: string,
    /** Infinity: for as long as it is misconfigured. */
    readonly leftMs: number,
  ) {
    super(message);
  }
}
