import fc from 'fast-check';
import { createLockService } from '../../lib/create-lock-service';
import type { LockService } from '../../lib/lock.service';
import { MemoryLockNode } from '../../lib/memory/memory-lock-node';
import { FakeRedis, honest, type Answer, type Reply } from '../helpers/fake-redis';
import { expectNamed } from '../helpers/named-error';
import { seeded } from '../helpers/seeded';
import { until } from '../helpers/until';

const NODE_TIMEOUT_MS = 30;

const text = fc.oneof(
  fc.constantFrom('', 'OK', 'ok', 'OK ', 'QUEUED', 'PONG', 'REPLACED', '0', '1', '-1', 'nil', 'true', 'ggg'),
  fc.constantFrom(
    'g 0',
    'gg 0',
    'gggg 0',
    'g',
    'g 0 0',
    'ggg,1 0',
    'nnn,1,2 0',
    'ppp 0',
    'xyz 0',
    '999 0',
    ' ',
    ',',
  ),
  fc.constantFrom('ggg 99999999999999999', 'ggg 1.5', 'fff 0 OOM no', 'ddd 0', '%', 'run_id:x', 'role:slave'),
  fc.string({ maxLength: 12 }),
);

const { reply } = fc.letrec<{ reply: Reply }>((tie) => ({
  reply: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constant(null),
    fc.oneof(fc.constantFrom(0, 1, 2, 3, -1, 2 ** 53, 1e18), fc.integer()),
    text,
    fc.constantFrom('OK', 'QUEUED', 'PONG', '').map((simple) => ({ simple })),
    fc
      .constantFrom('ERR', 'NOSCRIPT No matching script', 'MOVED 1 a:1', 'LOADING', 'BUSY', 'x', '', 'NOPERM')
      .map((error) => ({ error })),
    fc.array(tie('reply'), { maxLength: 4 }),
  ),
}));

/** Nearly what the scripts reply: letters and a time, or a time, an outcome and a number. */
const nearly: fc.Arbitrary<Reply> = fc.oneof(
  fc
    .tuple(
      fc.string({ unit: fc.constantFrom(...Array.from('gggpdnq1 ')), maxLength: 5 }),
      fc.constantFrom('', ',', ',1', ',x,2'),
      fc.constantFrom(
        '',
        ' ',
        '0',
        ' 0',
        ' x',
        ' 1.5',
        ' -1',
        ' 01',
        ' 9999999999999999999',
        '  0',
        ' 0 ERR no',
      ),
    )
    .map((parts) => parts.join('')),
  fc.tuple(
    fc.constantFrom<Reply>(null, 0, 1, '0', '', 'x', '1.5', '-1', '9'.repeat(20), ['0']),
    fc.constantFrom<Reply>(null, 'OK', 'REPLACED', 'ok', '', -2, 1.5, 5, -1, ['OK'], { error: 'ERR' }),
    fc.constantFrom<Reply>(null, 'x', '0', '-1', 7, '1', []),
  ),
);

const replies: fc.Arbitrary<Answer> = fc.oneof(reply, nearly).map((reply) => ({ reply }));

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
  const said = saidBy(given.reply);
  if (name === 'set') return said === 'OK';
  if (Array.isArray(said)) {
    const [time, outcome] = (said as Reply[]).map(saidBy);
    return TIME.test(typeof time === 'string' ? time : '') && (outcome === 'OK' || outcome === 'REPLACED');
  }
  // Behind the keys, whose number comes second: a letter for each request.
  const requests = args[2 + Number(args[1])]?.length ?? 0;
  const form = new RegExp(`^[^ ]{${requests}}(,[^ ]*)? ([^ ]*)( |$)`).exec(String(said));
  return form !== null && TIME.test(form[2] ?? '') && /[gpnq]/.test(form[0]);
}

const TIME = /^(0|[1-9]\d{0,15})$/;

/** A status and a string are the same to a client. */
function saidBy(reply: Reply): unknown {
  return typeof reply === 'object' && reply !== null && 'simple' in reply ? reply.simple : reply;
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
      uptime_in_seconds: fc.oneof(fc.constantFrom('1e308', '-1', 'NaN', '', 'Infinity', '99999'), text),
      role: fc.constantFrom('master', 'slave', '', 'sentinel'),
      loading: fc.constantFrom('0', '1', 'x'),
      maxmemory: fc.constantFrom('0', '-1', '1e999', 'x'),
      maxmemory_policy: text,
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

let servers: FakeRedis[];

beforeEach(() => {
  // ioredis, about servers that refuse INFO.
  jest.spyOn(console, 'warn').mockImplementation(() => undefined);
});

afterEach(() => {
  jest.restoreAllMocks();
});

beforeAll(async () => {
  servers = await Promise.all([0, 1, 2].map(() => FakeRedis.start()));
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

async function withService(
  masters: readonly MemoryLockNode[],
  fakes: readonly FakeRedis[],
  use: (service: LockService, upCount: () => number) => Promise<void>,
): Promise<void> {
  const service = createLockService({
    nodes: [...fakes.map(({ url }) => url), ...masters],
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
    for (const fake of fakes) fake.answer = honest;
    await service.close();
  }
}

async function expectRefused(call: Promise<unknown>): Promise<void> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expectNamed(error);
}

const masters = (count: number) => Array.from({ length: count }, () => new MemoryLockNode());

const answers = fc.array(answer, { minLength: 1, maxLength: 6 });

describe('servers that answer anything but a grant', () => {
  it('make no lock when they are the majority, and every refusal has a name', async () => {
    const honestOnes = masters(2);
    const oneOf = fc.array(replies, { minLength: 1, maxLength: 4 });
    await withService(honestOnes, servers, async (service, upCount) => {
      await until('all are up', () => upCount() === 3);
      await fc.assert(
        fc.asyncProperty(fc.tuple(oneOf, oneOf, oneOf), async (given) => {
          servers.forEach((server, i) => (server.answer = oddly(given[i] ?? [])));

          await Promise.all(['a', 'b', 'c'].map((name) => expectRefused(service.acquire(name, { wait: 0 }))));
          await expectRefused(service.acquire('a', { wait: 0 }));
          await expectRefused(service.acquire('a', { wait: 0, fencing: true }));
          await expectRefused(service.acquire(['a', 'b'], { wait: 0 }));
          for (const node of honestOnes) expect(await node.inspect('a')).toBeNull();
        }),
        seeded(150),
      );
    });
  });

  it('or do not answer, make no lock either, and nothing waits for them for ever', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(answers, answers, answers), async (given) => {
        await withService(masters(2), servers, async (service, upCount) => {
          await until('all are up', () => upCount() === 3);
          servers.forEach((server, i) => (server.answer = oddly(given[i] ?? [])));

          await expectRefused(service.acquire('a', { wait: 0 }));
          await expectRefused(service.acquire(['a', 'b'], { wait: 5 }));
          expect((await service.inspect('a')).nodes).toHaveLength(5);
          await service.forceRelease('a');
        });
      }),
      seeded(12),
    );
  });

  it('take nothing away from a majority of servers that keep to the rules', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(answers, answers), async (given) => {
        await withService(masters(3), servers.slice(0, 2), async (service, upCount) => {
          await until('both are up', () => upCount() === 2);
          given.forEach((one, i) => ((servers[i] as FakeRedis).answer = oddly(one)));

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
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 3 }), answers, async (messages, given) => {
        const honestOnes = masters(2);
        const fake = servers[0] as FakeRedis;
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
            await until('it listens', () => fake.commands.some((command) => command.startsWith('subscribe')));
            await lock.release();
            await (await next).release();
            fake.commands.length = 0;
          }),
        );
      }),
      seeded(6),
    );
  });
});

describe('servers that introduce themselves with anything', () => {
  it('neither make a lock nor keep others from it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(introduction, introduction), async (given) => {
        servers.forEach((server, i) => {
          let turn = 0;
          const own = given[i] ?? [];
          server.answer = (command) =>
            command[0] === 'quit' ? 'hang up' : (own[turn++ % own.length] ?? { reply: null });
        });
        await withService(masters(3), servers.slice(0, 2), async (service) => {
          const seen = servers.slice(0, 2).map(({ commands }) => commands.length);
          await until('both were asked', () =>
            servers.slice(0, 2).every(({ commands }, i) => commands.length > (seen[i] ?? 0)),
          );
          const lock = await service.acquire('a');
          expect(lock.isHeld).toBe(true);
          await lock.release();
          expect((await service.inspect('a')).state).toBe('free');
        });
      }),
      seeded(12),
    );
  });
});

describe('servers that send bytes which mean nothing', () => {
  it('make no lock, and keep nobody from it who has a majority without them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(fc.array(noise, { minLength: 1, maxLength: 3 }), answers),
        async ([bytes, given]) => {
          const honestOnes = masters(1);
          await withService(honestOnes, servers.slice(0, 2), async (service, upCount) => {
            await until('both are up', () => upCount() === 2);
            for (const server of servers) server.answer = oddly([...bytes, ...given]);
            await expectRefused(service.acquire('a', { wait: 0 }));
            await expectRefused(service.acquire(['a', 'b'], { wait: 0 }));
          });
          await withService(masters(2), servers.slice(0, 1), async (service, upCount) => {
            await until('it is up', () => upCount() === 1);
            (servers[0] as FakeRedis).answer = oddly(bytes);
            expect(await service.withLock('a', () => 1)).toBe(1);
          });
        },
      ),
      seeded(4),
    );
  });
});

function bulk(text = ''): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}
