import fc from 'fast-check';
import type { LockError } from '../../lib/errors/lock.error';
import { createLockService } from '../../lib/service/create-lock-service';
import type { LockService } from '../../lib/service/lock.service';
import { MemoryLockNode } from '../../lib/memory/memory-lock-node';
import { FakeRedis, honest, type Answer } from '../helpers/fake-redis';
import { expectNamed } from '../helpers/named-error';
import { grantedBy, oddReply, oddWord, type Asked } from '../helpers/odd-replies';
import { seeded } from '../helpers/seeded';
import { until } from '../helpers/until';

const NODE_TIMEOUT_MS = 30;

const replies: fc.Arbitrary<Answer> = oddReply.map((reply) => ({ reply }));

const answer: fc.Arbitrary<Answer> = fc.oneof(
  { weight: 8, arbitrary: replies },
  // After the last of them ioredis connects again.
  { weight: 1, arbitrary: fc.constantFrom<Answer>('silence', 'hang up', { reply: { error: 'READONLY' } }) },
);

/** Bytes that are no reply, or never become one. */
const noise: fc.Arbitrary<Answer> = fc
  .constantFrom(
    ...[
      '?\r\n',
      '\r\n',
      'OK\r\n',
      '\0',
      '$5\r\nab',
      '$x\r\n',
      '*\r\n',
      '*-7\r\n',
      ':\r\n',
      ':x\r\n',
      '$-5\r\n',
    ],
    ...[
      '*4294967296\r\n',
      '*1000000000\r\n',
      '$999999999999\r\n',
      '%1\r\n',
      '>1\r\n',
      '(x\r\n',
      '#q\r\n',
      '_x\r\n',
    ],
    ...['*1\r\n'.repeat(5_000), '*2\r\n:1\r\n', `:${'9'.repeat(400)}\r\n`, `+${'x'.repeat(70_000)}`],
  )
  .map((noise) => ({ noise }));

/** A reply that says, in the very form of the script or command, that something was granted: then it was. */
function isGrant([name = '', ...args]: readonly string[], given: Answer): boolean {
  if (typeof given === 'string' || !('reply' in given)) return false;
  // Behind the keys, whose number comes second: a letter for each request, or an owner token.
  const letters = args[2 + Number(args[1])] ?? '';
  const asked: readonly Asked[] = name === 'set' ? ['set'] : ['acquire', { letters }];
  return asked.some((one) => grantedBy(one, given.reply).length > 0);
}

/** The next answers of a server to what asks for locks, in turn; the rest is answered as `otherwise` does. */
function oddly(answers: readonly Answer[], otherwise: FakeRedis['answer'] = honest): FakeRedis['answer'] {
  let turn = 0;
  return (command) => {
    const isVote = ['set', 'eval', 'evalsha'].includes((command[0] ?? '').toLowerCase());
    if (!isVote) return otherwise(command);
    const given = answers[turn++ % answers.length] ?? 'silence';
    return isGrant(command, given) ? { reply: null } : given;
  };
}

/** What a server may say of itself. */
const info = fc
  .record(
    {
      run_id: fc.constantFrom('x', '', 'y'),
      uptime_in_seconds: fc.oneof(fc.constantFrom('1e308', '-1', 'NaN', '', 'Infinity', '99999'), oddWord),
      role: fc.constantFrom('master', 'slave', '', 'sentinel'),
      loading: fc.constantFrom('0', '1', 'x'),
      maxmemory: fc.constantFrom('0', '-1', '1e999', 'x'),
      maxmemory_policy: oddWord,
      server_time_usec: fc.constantFrom('0', '-1', '9'.repeat(30), '1', 'x'),
    },
    { requiredKeys: [] },
  )
  .map((fields) => ({
    reply: Object.entries(fields)
      .map(([name, value]) => `${name}:${value}`)
      .join('\r\n'),
  }));

const introduction = fc.array(fc.oneof({ weight: 2, arbitrary: answer }, { weight: 1, arbitrary: info }), {
  minLength: 1,
  maxLength: 6,
});

beforeEach(() => {
  // ioredis, about servers that refuse INFO.
  jest.spyOn(console, 'warn').mockImplementation(() => undefined);
});

afterEach(() => {
  jest.restoreAllMocks();
});

/** Servers of their own for every case, so that it replays by itself; an error comes with all that they were asked. */
async function withServers(
  count: number,
  use: (servers: readonly FakeRedis[]) => Promise<void>,
): Promise<void> {
  const servers = await Promise.all(Array.from({ length: count }, () => FakeRedis.start()));
  try {
    await use(servers);
  } catch (error) {
    const transcripts = servers.map(({ url, transcript }) => [url, ...transcript].join('\n    '));
    throw new Error([String(error), ...transcripts].join('\n  '), { cause: error });
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

async function withService(
  masters: readonly MemoryLockNode[],
  servers: readonly FakeRedis[],
  use: (service: LockService, upCount: () => number) => Promise<void>,
): Promise<void> {
  const service = createLockService({
    nodes: [...servers.map(({ url }) => url), ...masters],
    nodeTimeout: NODE_TIMEOUT_MS,
    shutdownTimeout: 0,
  });
  const up = new Set<string>();
  service.events$.subscribe((event) => {
    if (event.type === 'node-up') up.add(event.node);
    if (event.type === 'node-down') up.delete(event.node);
  });
  try {
    await use(service, () => up.size);
  } finally {
    for (const server of servers) server.hangUp();
    await service.close();
  }
}

/** Uses a lock service whose servers are up, and answer from then on as they are given. */
async function withOddFleet(
  given: readonly (readonly Answer[])[],
  masters: readonly MemoryLockNode[],
  use: (service: LockService) => Promise<void>,
): Promise<void> {
  await withServers(given.length, (servers) =>
    withService(masters, servers, async (service, upCount) => {
      await until('all are up', () => upCount() === servers.length);
      servers.forEach((server, i) => (server.answer = oddly(given[i] ?? [])));
      await use(service);
    }),
  );
}

async function expectRefused(call: Promise<unknown>): Promise<void> {
  const error: unknown = await call.then(
    (lock) => `it was taken: ${String(lock)}`,
    (reason: unknown) => reason,
  );
  expectNamed(error);
}

const masters = (count: number) => Array.from({ length: count }, () => new MemoryLockNode());

const answers = fc.array(answer, { minLength: 1, maxLength: 6 });

describe('servers that answer anything but a grant', () => {
  it('make no lock when they are the majority, and every refusal has a name', async () => {
    const oneOf = fc.array(replies, { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.tuple(oneOf, oneOf, oneOf), async (given) => {
        const honestOnes = masters(2);
        await withOddFleet(given, honestOnes, async (service) => {
          await Promise.all(['a', 'b', 'c'].map((name) => expectRefused(service.acquire(name, { wait: 0 }))));
          await expectRefused(service.acquire('a', { wait: 0 }));
          await expectRefused(service.acquire('a', { wait: 0, fencing: true }));
          await expectRefused(service.acquire(['a', 'b'], { wait: 0 }));
          for (const node of honestOnes) expect(await node.inspect('a')).toBeNull();
        });
      }),
      seeded(40),
    );
  });

  it('or do not answer, make no lock either, and nothing waits for them for ever', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(answers, answers, answers), async (given) => {
        await withOddFleet(given, masters(2), async (service) => {
          await expectRefused(service.acquire('a', { wait: 0 }));
          await expectRefused(service.acquire(['a', 'b'], { wait: 5 }));
          expect((await service.inspect('a')).nodes).toHaveLength(5);
          // Where an answer looks like a lock, a removal that nobody confirms is refused by name.
          await service.forceRelease('a').catch((error: unknown) => {
            expectNamed(error);
            expect(['LOCK_UNAVAILABLE', 'LOCK_BUSY']).toContain((error as LockError).code);
          });
        });
      }),
      seeded(12),
    );
  });

  it('take nothing away from a majority of servers that keep to the rules', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(answers, answers), async (given) => {
        await withOddFleet(given, masters(3), async (service) => {
          const [lock, other] = await Promise.all([
            service.acquire('a'),
            service.acquire('b', { fencing: true }),
          ]);
          await Promise.all([lock.extend(), other.extend()]);
          const next = service.acquire('a');
          expect([lock.isHeld, other.isHeld]).toEqual([true, true]);
          expect(await lock.release()).toBe('released');
          await (await next).release();
          expect(await other.release()).toBe('released');
        });
      }),
      seeded(15),
    );
  });

  it('wake a waiter of another process with whatever they publish, and it gets the lock', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(oddWord, { minLength: 1, maxLength: 3 }),
        answers,
        async (messages, given) => {
          const honestOnes = masters(2);
          await withServers(1, async ([server]) => {
            const fake = server as FakeRedis;
            await withService(honestOnes, [fake], (mine, upCount) =>
              withService(honestOnes, [fake], async (theirs, theirUpCount) => {
                await until('both are connected', () => upCount() + theirUpCount() === 2);
                fake.answer = oddly(given, (command) => {
                  const answered = honest(command);
                  if (command[0] !== 'subscribe' || typeof answered === 'string' || !('bytes' in answered))
                    return answered;
                  const told = messages.map(
                    (message) => `*3\r\n$7\r\nmessage\r\n${bulk(command[1])}${bulk(message)}`,
                  );
                  return { bytes: answered.bytes + told.join('') };
                });

                const lock = await mine.acquire('a');
                const next = theirs.acquire('a');
                await until('it listens', () =>
                  fake.commands.some((command) => command.startsWith('subscribe')),
                );
                await lock.release();
                await (await next).release();
              }),
            );
          });
        },
      ),
      seeded(6),
    );
  });
});

describe('servers that introduce themselves with anything', () => {
  it('neither make a lock nor keep others from it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(introduction, introduction), async (given) => {
        await withServers(given.length, async (servers) => {
          servers.forEach((server, i) => (server.answer = inTurn(given[i] ?? [])));
          await withService(masters(3), servers, async (service) => {
            await until('both were asked', () => servers.every(({ commands }) => commands.length > 0));
            const lock = await service.acquire('a');
            expect(lock.isHeld).toBe(true);
            await lock.release();
            expect((await service.inspect('a')).state).toBe('free');
          });
        });
      }),
      seeded(12),
    );
  });
});

describe('servers that send bytes which mean nothing', () => {
  it('make no lock, and keep nobody from it who has a majority without them', async () => {
    const bytes = fc.array(noise, { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(bytes, answers, async (bytes, given) => {
        const both = [...bytes, ...given];
        await withOddFleet([both, both], masters(1), async (service) => {
          await expectRefused(service.acquire('a', { wait: 0 }));
          await expectRefused(service.acquire(['a', 'b'], { wait: 0 }));
        });
        await withOddFleet([bytes], masters(2), async (service) => {
          expect(await service.withLock('a', () => 1)).toBe(1);
        });
      }),
      seeded(4),
    );
  });
});

/** To every command, whatever it is, but to the one that takes leave. */
function inTurn(answers: readonly Answer[]): FakeRedis['answer'] {
  let turn = 0;
  return ([name]) => (name === 'quit' ? 'hang up' : (answers[turn++ % answers.length] ?? { reply: null }));
}

function bulk(text = ''): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}
