import { LockBusyError } from '../../../../lib/errors/lock-busy.error';
import { LockKeyError } from '../../../../lib/errors/lock-key.error';
import { LockLostError } from '../../../../lib/errors/lock-lost.error';
import { LockUnavailableError } from '../../../../lib/errors/lock-unavailable.error';
import type { LockError } from '../../../../lib/errors/lock.error';
import type { LockAnswers } from '../../../../lib';
import { completeAnswers } from '../../../../lib/nest/filters/lock-answers';
import { lockErrorBody } from '../../../../lib/nest/filters/lock-error-body';
import { toHttpException } from '../../../../lib/nest/filters/to-http-exception';

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

  it('has what the answers say, and the name of the status', () => {
    const error = new LockBusyError({ resources, waitedMs: 1, votes });

    expect(lockErrorBody(error, { busy: { statusCode: 429 } })).toMatchObject({
      statusCode: 429,
      error: 'Too Many Requests',
      message: 'The resource is in use. Try again later.',
    });
  });

  it('is that of the exception of HTTP which an error can be made', () => {
    const error = new LockUnavailableError({ resources, waitedMs: 1, votes });

    const exception = toHttpException(error, { unavailable: { message: 'Later' } });

    expect(exception.getStatus()).toBe(503);
    expect(exception.getResponse()).toEqual({
      ...{ statusCode: 503, error: 'Service Unavailable', code: 'LOCK_UNAVAILABLE', message: 'Later' },
    });
    expect(exception.cause).toBe(error);
    expect(exception.message).toBe('Later');
  });

  it.each<[string, LockAnswers]>([
    ['answers', 7 as LockAnswers],
    ['answers.lost', { lost: {} } as LockAnswers],
    ['answers.busy', { busy: 423 } as LockAnswers],
    ['answers.busy.status', { busy: { status: 423 } } as LockAnswers],
    ['answers.busy.statusCode', { busy: { statusCode: 200 } }],
    ['answers.unavailable.statusCode', { unavailable: { statusCode: 600 } }],
    ['answers.failed.message', { failed: { message: '' } }],
    ['answers.busy.retryAfter', { busy: { retryAfter: -1 } }],
    ['answers.busy.retryAfter', { busy: { retryAfter: 0.5 } }],
  ])('refuses %s that cannot be meant, by its name', (option, answers) => {
    expect(() => completeAnswers(answers)).toThrow(expect.objectContaining({ option }) as Error);
  });
});
