import fc from 'fast-check';
import { LockOptionsError } from '../../lib/errors/lock-options.error';
import { describeRedisNode } from '../../lib/redis/client/ioredis/describe-redis-node';
import { oddText } from '../helpers/odd-values';
import { seeded } from '../helpers/seeded';

const SECRET = 'hunter2';

/** A password with odd characters in it, encoded or not. What comes right after an "@" is a host, for all we know. */
const url = fc
  .tuple(
    fc.constantFrom('redis://', 'rediss://', '//', '', 'redis:', 'http://', '/'),
    fc.constantFrom('', 'user', 'us er'),
    fc.string({ unit: fc.constantFrom(...Array.from('#/?%:\\&=[] é\n')), maxLength: 3 }),
    fc.string({ unit: fc.constantFrom(...Array.from('#@/?%:\\&=[] é\n')), maxLength: 3 }),
    fc.constantFrom('@a', '@a:6379', '%40a', '#@a:1', '@[::1]:6379', '@a:6379/1', '@', ''),
    fc.boolean(),
  )
  .map(([scheme, user, before, after, host, isEncoded]) => {
    const rest = `${user}:${before}${SECRET}${after}${host}`;
    return scheme + (isEncoded ? encodeURIComponent(rest) : rest);
  });

describe('the URL of a node', () => {
  it('is understood or refused by name, and never shows a password', () => {
    let understood = 0;
    fc.assert(
      fc.property(fc.oneof(url, oddText), (text) => {
        // The path of a unix socket is what it is.
        fc.pre(!/^\/[^/]/.test(text));
        try {
          const { name, address } = describeRedisNode(text, 'nodes[3]');
          understood += 1;
          expect(name + address).not.toContain(SECRET);
        } catch (error) {
          expect(error).toBeInstanceOf(LockOptionsError);
          expect(error).toMatchObject({ option: 'nodes[3]' });
          expect((error as Error).message).not.toContain(SECRET);
        }
      }),
      seeded(5_000),
    );
    expect(understood).toBeGreaterThan(20);
  });
});
