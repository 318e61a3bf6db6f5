import { LockError, nameError } from './lock.error';

/**
 * The reason why no lock service was found:
 * - `no-module`: no RedlockModule of that name was registered in this process
 * - `too-early`: there is one, but the object has no service from it yet; in the constructor an object never has
 *   one
 * - `detached`: the method was called without its object, or with another one as `this`
 */
export type NotBoundReason = 'no-module' | 'too-early' | 'detached';

/** A method with `@Locked` was called on an object that knows no lock service. The method has not run. */
export class LockNotBoundError extends LockError {
  readonly code = 'LOCK_NOT_BOUND';
  /** The method, as `Class.method`. */
  readonly method: string;
  /** The name of the lock service that was looked for. Undefined for the default one. */
  readonly connection: string | undefined;

  /** @param why sentences with the reason and the remedy, if more is known than `reason` says */
  constructor(
    method: string,
    connection: string | undefined,
    why: NotBoundReason | { readonly text: string } = 'no-module',
  ) {
    super(
      `${method} is locked, but ${typeof why === 'string' ? EXPLANATION[why](named(connection), connection) : why.text}`,
    );
    this.method = method;
    this.connection = connection;
  }
}

nameError(LockNotBoundError, 'LockNotBoundError');

const EXPLANATION: Record<NotBoundReason, (service: string, connection: string | undefined) => string> = {
  'no-module': (service, connection) =>
    `no ${service} is bound to its object, so it did not run. ` +
    `Import RedlockModule.forRoot(${connection === undefined ? '' : `{ name: ${JSON.stringify(connection)}, … }`}) ` +
    'and let Nest create the object, or call bindLockService(object, lockService) after `new`.',
  'too-early': (service) =>
    `its object has no ${service} yet, so it did not run. Nest gives an object its lock service after the constructor: ` +
    'call the method in onModuleInit() or later, and not in the constructor. ' +
    'These need bindLockService(object, lockService) first: an object that you make yourself with `new`, and one that a ' +
    'factory makes for each request, or in a module that is loaded lazily.',
  detached: (service) =>
    `it was called without its object, through which it finds the ${service}, so it did not run. ` +
    'Call it as object.method(…), or pass it on as (...args) => object.method(...args).',
};

function named(connection: string | undefined): string {
  return connection === undefined ? 'lock service' : `lock service named ${JSON.stringify(connection)}`;
}
