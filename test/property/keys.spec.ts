import type { ExecutionContext } from '@nestjs/common';
import fc from 'fast-check';
import { createLockService } from '../../lib/service/create-lock-service';
import { Locked } from '../../lib/nest/decorators/locked.decorator';
import { LockKeyError } from '../../lib/errors/lock-key.error';
import type { LockService } from '../../lib/service/lock.service';
import { checkResources } from '../../lib/locking/api/check-resources';
import { MemoryLockNode } from '../../lib/memory/memory-lock-node';
import { contextKeySource } from '../../lib/keys/context-key';
import { compileLockKey } from '../../lib/keys/lock-key';
import { bindLockService } from '../../lib/calls/lock-service-binding';
import { methodKeySource } from '../../lib/keys/method-key';
import { attempt, expectNamed, Tally } from '../helpers/named-error';
import { oddText, oddValue } from '../helpers/odd-values';
import { seeded } from '../helpers/seeded';

const NAMES = ['id', 'user', '0', 'length', 'params', 'query', 'headers', 'body', 'x-tenant', 'toString'];

/** Pieces of templates, put together rightly and wrongly. */
const template = fc
  .array(
    fc.oneof(
      fc.constantFrom('<', '>', '<<', '.', ':', ' ', '<0>', '<0.id>', '<1.user.id>', '<this.id>', '<99>'),
      fc.constantFrom('<params.id>', '<headers.X-Tenant>', '<body>', '<user.id>', '<query>', '<constructor>'),
      fc.constantFrom('__proto__', 'this', '0', '-1', '1e21', '18446744073709551616', 'order:'),
      oddText,
    ),
    { maxLength: 6 },
  )
  .map((pieces) => pieces.join(''));

/** fast-check looks at what it draws, so it stays inside something. */
function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const cyclic = fc.constant(null).map(() => {
  const object: Record<string, unknown> = { [Symbol.toPrimitive]: undefined };
  object['id'] = object;
  return object;
});

/** Also what throws when its kind is asked for, and errors that cannot be shown. */
const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: oddValue(NAMES) },
  { weight: 3, arbitrary: fc.record({ id: oddValue(), user: oddValue(['id']) }, { requiredKeys: [] }) },
  { weight: 1, arbitrary: fc.constant(null).map(() => ({ id: revoked(), user: revoked() })) },
  { weight: 1, arbitrary: cyclic },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(
      { toString: () => 'order', valueOf: () => 7 },
      { [Symbol.toPrimitive]: () => 'order' },
      'x'.repeat(1_000_000),
      '\u00e9'.repeat(1_024),
      10n ** 2_000n,
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constant(null).map(() => ({
      get id() {
        // oxlint-disable-next-line typescript/only-throw-error -- anything can be thrown
        throw revoked();
      },
      get user() {
        throw Object.assign(new Error(), { name: Symbol('s') });
      },
    })),
  },
);

/** A key that a lock can have, or an error with a name. */
function keysOrNamed(resolve: () => string | readonly string[]): readonly string[] | undefined {
  try {
    return checkResources(resolve());
  } catch (error) {
    expect(error).toBeInstanceOf(LockKeyError);
    expectNamed(error);
    return undefined;
  }
}

describe('any text as a key template', () => {
  it.each([
    ['@Locked', methodKeySource],
    ['LockInterceptor', contextKeySource],
  ] as const)('of %s is compiled or refused by name, at once', (_, source) => {
    const tally = new Tally();
    fc.assert(
      fc.property(fc.oneof(template, fc.array(template, { minLength: 1, maxLength: 3 })), (key) => {
        tally.count(attempt(() => compileLockKey<never>(key, source)));
      }),
      seeded(300),
    );
    tally.expectBoth();
  });
});

describe('whatever a method is called with', () => {
  it('its template gives a key or an error with a name', () => {
    const tally = new Tally();
    fc.assert(
      fc.property(
        fc.constantFrom('order:<0>', '<0.id>', 'a:<0.user.id>:<1>', '<this.id>:<0>', '<0.length>/<1.0>'),
        value,
        value,
        value,
        (key, self, first, second) => {
          const resolve = compileLockKey(key, methodKeySource);
          const instance = self as object;
          const keys = keysOrNamed(() => resolve({ instance, args: [first, second] }));
          tally.count(keys !== undefined);
        },
      ),
      seeded(600),
    );
    tally.expectBoth();
  });

  it('a value that is taken stands in the key as its URI-encoded text', () => {
    let taken = 0;
    fc.assert(
      fc.property(value, (given) => {
        const keys = keysOrNamed(() =>
          compileLockKey('order:<0>', methodKeySource)({ instance: {}, args: [given] }),
        );
        if (keys === undefined) return;
        taken += 1;
        expect(['string', 'number', 'bigint', 'boolean']).toContain(typeof given);
        expect(keys).toEqual([`order:${encodeURIComponent(String(given))}`]);
      }),
      seeded(500),
    );
    expect(taken).toBeGreaterThan(50);
  });

  it('two lists of values with a ":" or the like between them never share a key', () => {
    const text = fc.string({ unit: fc.constantFrom(...Array.from(':/%3A-_.a|é 2Fc')), maxLength: 4 });
    const separator = fc.constantFrom(':', '/', '|', ' ', '::', '-:-', '%:', 'é', '<<', ':%3A', '#', '&');
    const literal = fc.constantFrom('', 'order:', ':', 'a', '%', '%3A');
    fc.assert(
      fc.property(
        fc.tuple(literal, separator, literal),
        fc.tuple(text, text, text),
        ([before, between, after], [a, b, c]) => {
          fc.pre(a !== '' && c !== '');
          const resolve = compileLockKey(`${before}<0>${between}<1>${after}`, methodKeySource);
          const keyOf = (args: string[]) => resolve({ instance: {}, args });
          // What would be one key if the values were not encoded.
          for (const written of [between.replace('<<', '<'), encodeURIComponent(between)]) {
            expect(keyOf([a + written + b, c])).not.toBe(keyOf([a, b + written + c]));
          }
          expect(keyOf([`${a}x`, c])).not.toBe(keyOf([a, `x${c}`]));
        },
      ),
      seeded(300),
    );
  });

  it('the method runs under a lock, or the call is refused by name', async () => {
    class Orders {
      runs = 0;

      @Locked('order:<0>')
      one(..._args: unknown[]): Promise<number> {
        return Promise.resolve((this.runs += 1));
      }

      @Locked((...args: unknown[]) => args[0] as string)
      own(..._args: unknown[]): Promise<number> {
        return Promise.resolve((this.runs += 1));
      }
    }
    const service: LockService = createLockService({ nodes: [new MemoryLockNode()], shutdownTimeout: 0 });
    const orders = bindLockService(new Orders(), service);
    const tally = new Tally();
    await fc.assert(
      fc.asyncProperty(value, async (given) => {
        for (const call of [() => orders.one(given), () => orders.own(given)]) {
          const before = orders.runs;
          const hasRun = await call().then(
            () => true,
            (error: unknown) => {
              expectNamed(error);
              return false;
            },
          );
          expect(orders.runs).toBe(hasRun ? before + 1 : before);
          tally.count(hasRun);
        }
      }),
      seeded(200),
    );
    tally.expectBoth();
    await service.close();
  });
});

describe('whatever a key function returns', () => {
  it('is a key, or is refused by name; a promise that rejects is heard', async () => {
    const tally = new Tally();
    const rejecting = fc.constant(null).map(() => Promise.reject(new Error('mine')));
    const result = fc.oneof(
      { weight: 4, arbitrary: value },
      { weight: 2, arbitrary: fc.array(fc.oneof(fc.constantFrom('a', 'b'), oddText), { maxLength: 3 }) },
      { weight: 1, arbitrary: fc.array(value, { maxLength: 3 }) },
      { weight: 1, arbitrary: rejecting },
      { weight: 1, arbitrary: rejecting.map((promise) => ['a', promise]) },
    );
    fc.assert(
      fc.property(result, (given) => {
        const resolve = compileLockKey(() => given, methodKeySource);
        tally.count(keysOrNamed(() => resolve({ instance: {}, args: [] })) !== undefined);
      }),
      seeded(400),
    );
    tally.expectBoth();
    await new Promise((resolve) => setImmediate(resolve));
  });
});

describe('whatever comes in a request', () => {
  it('the template of an interceptor gives a key or an error with a name', () => {
    const tally = new Tally();
    const request = fc.oneof(
      { weight: 1, arbitrary: value },
      {
        weight: 4,
        arbitrary: fc.record(
          { params: value, query: value, body: value, user: value, headers: value },
          { requiredKeys: [] },
        ),
      },
    );
    fc.assert(
      fc.property(
        fc.constantFrom('<params.id>', '<query.id>', '<body>', '<user.id>:<0>', '<headers.Id>', '<1.id>'),
        request,
        value,
        fc.constantFrom('http', 'rpc', 'ws', 'graphql'),
        (key, given, argument, type) => {
          const context = {
            getType: () => type,
            switchToHttp: () => ({ getRequest: () => given }),
            getArgByIndex: () => argument,
          } as unknown as ExecutionContext;
          const resolve = compileLockKey(key, contextKeySource);
          tally.count(keysOrNamed(() => resolve(context)) !== undefined);
        },
      ),
      seeded(700),
    );
    tally.expectBoth();
  });
});
