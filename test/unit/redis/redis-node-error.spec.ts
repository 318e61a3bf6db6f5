import { inspect } from 'node:util';
import { toRedisNodeError } from '../../../lib/redis/redis-node-error';

const SECRET = 's3cret';

function errorWith(message: string, fields: object = {}): Error {
  return Object.assign(new Error(message), fields);
}

describe('toRedisNodeError', () => {
  it('keeps message and code, and nothing else of the error', () => {
    const reply = errorWith('WRONGPASS invalid username-password pair', {
      command: { name: 'auth', args: [SECRET] },
    });

    const error = toRedisNodeError(reply, [SECRET]);

    expect(error.message).toBe('WRONGPASS invalid username-password pair');
    expect(error.code).toBe('WRONGPASS');
    expect(error.cause).toBeUndefined();
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(SECRET);
  });

  it.each([
    `ERR unknown command 'AUTH', with args beginning with: '${SECRET}', `,
    `ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'app' 'other' `,
    `something with ${SECRET}, and ${SECRET} again`,
  ])('takes secrets out of %j', (message) => {
    const error = toRedisNodeError(errorWith(message), [SECRET]);

    expect(error.message).not.toContain(SECRET);
    expect(error.message).not.toContain('other');
    expect(error.message).toMatch(/^(ERR unknown command '\w+'|something)/);
  });

  it.each<[unknown, string, string | undefined]>([
    [
      errorWith('connect ECONNREFUSED ::1:1', { code: 'ECONNREFUSED' }),
      'connect ECONNREFUSED ::1:1',
      'ECONNREFUSED',
    ],
    [
      errorWith('', { code: 'ECONNREFUSED', errors: [errorWith('connect 1'), errorWith('2')] }),
      'connect 1',
      'ECONNREFUSED',
    ],
    [errorWith('', { code: 'EPIPE' }), 'EPIPE', 'EPIPE'],
    [
      errorWith('Failed to refresh slots cache.', { lastNodeError: errorWith('NOAUTH wanted') }),
      'NOAUTH wanted',
      'NOAUTH',
    ],
    ['a string', 'a string', undefined],
    [undefined, 'undefined', undefined],
    [null, 'null', undefined],
    [{}, 'unknown error', undefined],
  ])('reads %o', (given, message, code) => {
    expect(toRedisNodeError(given, [])).toMatchObject({ message, code });
  });

  it('does not let a server fill the log', () => {
    expect(toRedisNodeError(errorWith('x'.repeat(1_000_000)), []).message.length).toBeLessThanOrEqual(300);
  });
});
