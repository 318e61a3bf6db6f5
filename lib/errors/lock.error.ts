import { printable } from './printable';

/** The stable codes of errors, for code, metrics and HTTP bodies. */
export type LockErrorCode =
  | 'LOCK_BUSY'
  | 'LOCK_LIMIT'
  | 'LOCK_UNAVAILABLE'
  | 'LOCK_LOST'
  | 'LOCK_KEY_INVALID'
  | 'LOCK_OPTIONS_INVALID'
  | 'LOCK_FENCE_STALE'
  | 'LOCK_REENTRANCY'
  | 'LOCK_NOT_BOUND'
  | 'LOCK_CALLER_LEFT';

/** The parent of every error that this library throws on purpose: `catch (e) { if (e instanceof LockError) … }`. */
export abstract class LockError extends Error {
  abstract readonly code: LockErrorCode;

  constructor(message: string, options?: { cause?: unknown }) {
    // The message contains names of resources and texts of nodes, which may come from anybody.
    super(printable(message), options);
    // The class may be one of an application, which has no name of its own on its prototype.
    if (!Object.hasOwn(new.target.prototype, 'name')) this.name = new.target.name;
  }
}

/** The symbol is registered, so that it is the same in all copies of the library. */
const LOCK_ERROR = Symbol.for('nestjs-redlock.LockError');

const isOrdinaryInstance = Function.prototype[Symbol.hasInstance];

Object.defineProperty(LockError.prototype, LOCK_ERROR, { value: true });

// `instanceof` looks at this mark, and not only at the prototypes. Nest has to find HttpException among the
// prototypes of some lock errors and not of others (filters/http-face.ts), so LockError itself cannot be a
// prototype of all of them. The method is defined here and not in the class: as a static member it would break the
// narrowing of types by `instanceof`.
recogniseBy(LockError, LOCK_ERROR);

/**
 * Gives a class of errors its name, which a bundler may have shortened to a letter. Makes `instanceof` recognise
 * errors of another copy of the library.
 */
export function nameError(type: ErrorClass, name: string): void {
  const mark = Symbol.for(`nestjs-redlock.${name}`);
  Object.defineProperty(type.prototype, 'name', { value: name, writable: true, configurable: true });
  Object.defineProperty(type.prototype, mark, { value: true });
  recogniseBy(type, mark);
}

interface ErrorClass {
  readonly prototype: object;
}

function recogniseBy(type: ErrorClass, mark: symbol): void {
  Object.defineProperty(type, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      // Subclasses inherit this method, and have no mark of their own.
      if (this !== type) return isOrdinaryInstance.call(this as typeof LockError, value);
      return typeof value === 'object' && value !== null && mark in value;
    },
  });
}
