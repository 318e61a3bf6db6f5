import { LockError } from './lock.error';

/** A method with `@Locked` was called on an object that knows no lock service. It has not run. */
export class LockNotBoundError extends LockError {
  readonly code = 'LOCK_NOT_BOUND';
  /** `Class.method`. */
  readonly method: string;
  /** The name of the lock service that was looked for; undefined for the default one. */
  readonly connection: string | undefined;

  constructor(method: string, connection: string | undefined) {
    const named = connection === undefined ? '' : ` named ${JSON.stringify(connection)}`;
    super(
      `${method} is locked, but no lock service${named} is bound to its object, so it did not run. ` +
        `Import RedlockModule.forRoot(${connection === undefined ? '' : `{ name: ${JSON.stringify(connection)}, … }`}) ` +
        'and let Nest create the object, or call bindLockService(object, lockService) after `new`.',
    );
    this.method = method;
    this.connection = connection;
  }
}
