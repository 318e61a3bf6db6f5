import { HttpException } from '@nestjs/common';
import { CallerLeftError } from '../../errors/caller-left.error';
import { LockBusyError } from '../../errors/lock-busy.error';
import { ClientKeyError, LockKeyError } from '../../errors/lock-key.error';
import { LockUnavailableError } from '../../errors/lock-unavailable.error';
import { LockError } from '../../errors/lock.error';
import { lockErrorBody } from './lock-error-body';

/**
 * Makes some lock errors an `HttpException` of Nest: busy and unavailable locks, a caller who left, and a key that
 * a client left out. So code that knows such exceptions answers them rightly: Nest's own filter, the catch-all
 * filter of an application, an error reporter that ignores expected errors. The message of the error stays the
 * same, and no client gets it.
 *
 * This is not done by inheritance, since the program and the core use these errors without Nest. All other lock
 * errors stay as they are: a lost lock or a wrong template is a fault, which belongs into logs and reports.
 */
export function makeHttpExceptions(): void {
  // A LockLimitError is a LockBusyError, and inherits it from there.
  for (const type of [LockBusyError, LockUnavailableError, CallerLeftError]) {
    const prototype: object = type.prototype;
    if (!(prototype instanceof HttpException)) Object.setPrototypeOf(prototype, httpFace());
  }
  const ofClients: object = ClientKeyError.prototype;
  if (!(ofClients instanceof HttpException)) {
    const face = Object.create(httpFace(), descriptorsOf(LockKeyError)) as object;
    Object.setPrototypeOf(ofClients, face);
  }
}

/**
 * Makes an object to put between the class of an error and HttpException: it has all of LockError, and the answer.
 */
function httpFace(): object {
  return Object.create(HttpException.prototype, {
    ...descriptorsOf(LockError),
    getStatus: { value: statusOf },
    getResponse: { value: responseOf },
    // Errors of `http-errors` have these fields, and other servers and reporters than Nest read them.
    status: field('status', statusOf),
    statusCode: field('statusCode', statusOf),
    expose: field('expose', () => false),
  }) as object;
}

function descriptorsOf({ prototype }: { readonly prototype: object }): PropertyDescriptorMap {
  return Object.getOwnPropertyDescriptors(prototype);
}

/** Makes a field that other code may write to, like an ordinary one. */
function field(name: string, read: (this: LockError) => unknown): PropertyDescriptor {
  return {
    get: read,
    set(this: object, value: unknown) {
      Object.defineProperty(this, name, { value, writable: true, configurable: true });
    },
  };
}

function statusOf(this: LockError): number {
  return lockErrorBody(this).statusCode;
}

function responseOf(this: LockError): object {
  return lockErrorBody(this);
}
