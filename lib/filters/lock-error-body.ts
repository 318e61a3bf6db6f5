import { LockBusyError } from '../errors/lock-busy.error';
import { LockUnavailableError } from '../errors/lock-unavailable.error';
import type { LockError, LockErrorCode } from '../errors/lock.error';
import { PUBLIC_MESSAGES } from '../redlock.messages';

/** What an HTTP client gets for a lock error. */
export interface LockErrorBody {
  readonly statusCode: 409 | 500 | 503;
  readonly error: string;
  readonly code: LockErrorCode;
  readonly message: string;
}

/** Nothing of the error but its code leaves the server: the rest names keys, owners and nodes. */
export function lockErrorBody(error: LockError): LockErrorBody {
  const { code } = error;
  if (error instanceof LockBusyError) {
    return { statusCode: 409, error: 'Conflict', code, message: PUBLIC_MESSAGES.busy };
  }
  if (error instanceof LockUnavailableError) {
    return { statusCode: 503, error: 'Service Unavailable', code, message: PUBLIC_MESSAGES.unavailable };
  }
  return { statusCode: 500, error: 'Internal Server Error', code, message: PUBLIC_MESSAGES.failed };
}
