/** Tells why a guarded node has no vote, and for how much longer. */
export class GuardedError extends Error {
  constructor(
    message: string,
    /** Infinity: it stays so until the configuration is changed. */
    readonly leftMs: number,
  ) {
    super(message);
  }
}
