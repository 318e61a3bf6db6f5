/** Selects the lock for a parameter, if there may be several around the handler. */
export interface CurrentLockOptions {
  /** The lock that has this resource: its exact name, not a template. Without it the innermost. */
  resource?: string | undefined;
  /** The lock of the service with this name. Without it, whichever service the lock is of. */
  connection?: string | undefined;
}
