import { HttpException } from '@nestjs/common';
import { CallerLeftError } from '../../errors/caller-left.error';
import { LockBusyError } from '../../errors/lock-busy.error';
import { ClientKeyError, LockKeyError } from '../../errors/lock-key.error';
import { LockUnavailableError } from '../../errors/lock-unavailable.error';
import { LockError } from '../../errors/lock.error';
import { lockErrorBody } from './lock-error-body';

/**
 * Makes busy and unavailable locks, a caller who left, and a key that a client left out, an `HttpException` of Nest, so that whoever knows those answers them rightly: Nest's
 * own filter, the catch-all filter of an application, a reporter of errors that leaves expected ones out. The message of
 * the error stays what it is, and no client gets it.
 *
 * Not by inheritance, since the program and the core know these errors without Nest. The others stay what they are: a
 * lost lock or a wrong template is a fault, which belongs into logs and reports.
 */
export function makeHttpExceptions(): void {
  // A LockLimitError is a LockBusyError, and gets it from there.
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

/** What stands between the class of an error and HttpException: all that LockError has, and the answer. */
function httpFace(): object {
  return Object.create(HttpException.prototype, {
    ...descriptorsOf(LockError),
    getStatus: { value: statusOf },
    getResponse: { value: responseOf },
    // As of errors of `http-errors`, which servers and reporters other than Nest look at.
    status: field('status', statusOf),
    statusCode: field('statusCode', statusOf),
    expose: field('expose', () => false),
  }) as object;
}

function descriptorsOf({ prototype }: { readonly prototype: object }): PropertyDescriptorMap {
  return Object.getOwnPropertyDescriptors(prototype);
}

/** Others may write to it, as they may to an ordinary field. */
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
