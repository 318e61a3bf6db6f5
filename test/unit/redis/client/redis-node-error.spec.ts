import { inspect } from 'node:util';
import { isRefusedForGood, toRedisNodeError } from '../../../../lib/redis/client/redis-node-error';
import { isPerhapsOfOne } from '../../../../lib/redis/request/redis-batches';

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

  it.each(['e', 'ra', 'nec'])(
    'does not tell the short secret %j by what is missing in a known message',
    (secret) => {
      const { message, code } = toRedisNodeError(
        errorWith(`connect ECONNREFUSED generated '${secret}' "${secret}" redis://app:${secret}@h`),
        [secret],
      );

      expect(message).toBe(`connect ECONNREFUSED generated '***' "***" redis://***@h`);
      expect(code).toBeUndefined();
    },
  );

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

  it.each([
    ['blanks and commas', ' ,'.repeat(500_000)],
    ['line breaks', '\n'.repeat(1_000_000)],
    ['colons', 'a:'.repeat(500_000)],
    ['at signs', '@:@'.repeat(300_000)],
  ])('is done at once with megabytes of %s', (_, text) => {
    // With a pattern that starts again at every character this would take hours.
    const error = toRedisNodeError(errorWith(`ERR x${text}y with args beginning with: z`), ['z'.repeat(50)]);

    expect(error.message.length).toBeLessThanOrEqual(300);
  });

  it('shows no part of a secret at the place where a long text is cut', () => {
    const secret = 'abcdefgh'.repeat(10);
    for (let between = 380; between < 500; between++) {
      const text = secret.repeat(45) + ' '.repeat(between) + secret;
      expect(toRedisNodeError(errorWith(text + 'x'.repeat(5_000)), [secret]).message).not.toContain('abcd');
    }
  });

  it('takes the credentials out of a URL that nobody knew to be one', () => {
    const { message } = toRedisNodeError(errorWith('getaddrinfo ENOTFOUND redis://user:s3cret@h'), []);

    expect(message).toMatch(/^getaddrinfo ENOTFOUND redis:\/\/.*@h$/);
    expect(message).not.toContain(SECRET);
  });

  it('shows no control character and no line break', () => {
    expect(toRedisNodeError(errorWith('error:0A\n  at x\u001b[2J\u202e'), []).message).toBe(
      'error:0A at x\\u001b[2J\\u202e',
    );
  });

  it('does not let a server fill the log', () => {
    expect(toRedisNodeError(errorWith('x'.repeat(1_000_000)), []).message.length).toBeLessThanOrEqual(300);
  });

  it.each([
    'ERR NOPERM it needs TIME script: on @user_script:29.',
    'ERR NOPERM it needs TIME script: 4ca238f611c9d0ae4e9a75a5dbac22aedc1e4438, on @user_script:29.',
    'ERR NOPERM it needs TIME',
  ])('leaves out the place in a script: %s', (reply) => {
    const { message, code } = toRedisNodeError(errorWith(reply), []);

    expect([message, code]).toEqual(['ERR NOPERM it needs TIME', 'ERR']);
  });

  it.each([
    "ERR The user executing the script can't run this command or subcommand script: 0a1b, on @user_script:1.",
    "ERR The user executing the script can't access at least one of the keys mentioned in the command arguments",
    'ERR ACL failure in script: No permissions to access a key script: 0a1b, on @user_script:1.',
  ])('takes what ACL denies inside of a script for a missing right, and says what to do: %s', (reply) => {
    const { message, code } = toRedisNodeError(errorWith(reply), []);

    expect(code).toBe('NOPERM');
    expect(message).toMatch(/NOPERM.*doctor/);
    // It may have done a part of a batch, so the batch must not be asked for again as if it had done nothing.
    expect(isPerhapsOfOne(message)).toBe(false);
  });
});

describe('a server that answers a command with an error', () => {
  it.each([
    "NOPERM this user has no permissions to run the 'info' command",
    'NOPERM this user has no permissions to access one of the channels used as arguments',
    "ERR unknown command 'info', with args beginning with: ",
    'ERR unknown command `info`, with args beginning with: ',
    "unsupported command 'info'",
    "ERR command 'INFO' is not allowed",
    'ERR invalid request',
  ])('will never do so when it says: %s', (message) => {
    expect(isRefusedForGood(new Error(message))).toBe(true);
  });

  it.each([
    'LOADING Redis is loading the dataset in memory',
    'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    'NOAUTH Authentication required.',
    'ERR max number of clients reached',
    'Command timed out',
    '',
  ])('may do so later when it says: %s', (message) => {
    expect(isRefusedForGood(new Error(message))).toBe(false);
  });
});
