import type { Observable } from 'rxjs';
import { LockOptionsError } from '../errors/lock-options.error';

/** A value that does its work only when somebody reads it. */
type Stream = Observable<unknown> | AsyncIterable<unknown> | Generator<unknown, unknown, never>;

/** Names the problem in a compiler error. */
export interface StreamIsRefused {
  readonly mismatch: 'the lock is released before a stream is read: read it in the task, or put @Locked on the method that returns it';
}

/**
 * Only a function that returns a stream fits this type. A result of type `any` does not count as a stream. The
 * type stays a function for as long as possible, since the compiler asks for it before it knows what a function
 * returns.
 */
export type IfStream<F extends (...args: never[]) => unknown> = Fitting<F, Awaited<ReturnType<F>>>;

type Fitting<F, T> = [T] extends [never]
  ? StreamIsRefused
  : 0 extends 1 & T
    ? () => never
    : [T] extends [Stream]
      ? F
      : () => never;

/**
 * Throws if a function under a lock returned a stream: the lock is released when the function is done, and the
 * stream is read after that.
 *
 * @param name the name of the function in the message: `task`
 * @throws LockOptionsError
 */
export function refuseStream(result: unknown, name: string): void {
  if (isStream(result)) {
    throw new LockOptionsError(name, Symbol.asyncIterator in result ? iterableOf(name) : observableOf(name));
  }
  if (isGenerator(result)) throw new LockOptionsError(name, generatorOf(name));
}

/** Looks only at the names of the properties, not at their values: a mock may give a function for every name. */
export function isStream(result: unknown): result is object {
  if (typeof result !== 'object' || result === null) return false;
  return Symbol.asyncIterator in result || ('lift' in result && 'subscribe' in result);
}

/**
 * A generator, or what the helpers of iterators make of one (`rows.map(…)`): those run code when they are read. The
 * iterators of arrays, maps and sets have no `return`, and run none.
 */
function isGenerator(result: unknown): boolean {
  if (typeof result !== 'object' || result === null) return false;
  return Symbol.iterator in result && 'next' in result && 'return' in result;
}

const observableOf = (name: string): string =>
  'returned an Observable. Its work begins when somebody subscribes, and the lock is released before that. ' +
  `Await it in the ${name} (\`await lastValueFrom(observable)\`), ${ELSEWHERE} ` +
  'If it needs no lock, return it in an object: { observable }.';

const iterableOf = (name: string): string =>
  'returned an async iterable, such as a generator or a stream. Its work is done when somebody reads it, and the lock is released before that. ' +
  `Read it in the ${name} (\`for await\`), ${ELSEWHERE} ` +
  'If it needs no lock, return it in an object: { iterable }.';

const generatorOf = (name: string): string =>
  'returned a generator. Its code runs when somebody reads it, and the lock is released before that. ' +
  `Read it in the ${name} (\`[...generator]\`), or make it an async generator (\`async *\`) of a method with @Locked: ` +
  'that holds the lock until it ends. If it needs no lock, return it in an object: { generator }.';

const ELSEWHERE =
  'or put @Locked on the method, or LockInterceptor on the handler, that returns it: they hold the lock until it ends.';
