/** Stable names of what went wrong, for code, metrics and HTTP bodies. */
export type LockErrorCode =
  | 'LOCK_BUSY'
  | 'LOCK_UNAVAILABLE'
  | 'LOCK_LOST'
  | 'LOCK_KEY_INVALID'
  | 'LOCK_OPTIONS_INVALID'
  | 'LOCK_FENCE_STALE'
  | 'LOCK_REENTRANCY'
  | 'LOCK_NOT_BOUND';

/** The parent of every error that this library throws on purpose: `catch (e) { if (e instanceof LockError) … }`. */
export abstract class LockError extends Error {
  abstract readonly code: LockErrorCode;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}
