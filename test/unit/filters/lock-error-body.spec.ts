import { LockBusyError } from '../../../lib/errors/lock-busy.error';
import { LockKeyError } from '../../../lib/errors/lock-key.error';
import { LockLostError } from '../../../lib/errors/lock-lost.error';
import { LockUnavailableError } from '../../../lib/errors/lock-unavailable.error';
import type { LockError } from '../../../lib/errors/lock.error';
import { lockErrorBody } from '../../../lib/filters/lock-error-body';

const resources = ['order:secret'];
const votes = [{ node: 'secret:6379', vote: 'failed', error: new Error('secret') }] as const;

describe('the body of a lock error', () => {
  it.each<[number, string, LockError]>([
    [409, 'LOCK_BUSY', new LockBusyError({ resources, waitedMs: 1, votes })],
    [503, 'LOCK_UNAVAILABLE', new LockUnavailableError({ resources, waitedMs: 1, votes })],
    [500, 'LOCK_LOST', new LockLostError({ resources, reason: 'expired' })],
    [500, 'LOCK_KEY_INVALID', new LockKeyError('secret', 'secret')],
  ])('has the status %i and the code %s, and tells nothing else of the error', (statusCode, code, error) => {
    const body = lockErrorBody(error);

    expect(body).toMatchObject({ statusCode, code });
    expect(Object.keys(body)).toEqual(['statusCode', 'error', 'code', 'message']);
    expect(JSON.stringify(body)).not.toContain('secret');
  });
});
