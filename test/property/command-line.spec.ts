import fc from 'fast-check';
import { run } from '../../lib/cli/run';
import { Cli } from '../helpers/cli';
import { FakeRedis, honest, type Answer } from '../helpers/fake-redis';
import { oddText } from '../helpers/odd-values';
import { PaperTerminal } from '../helpers/paper-terminal';
import { seeded } from '../helpers/seeded';

const SECRET = 'hunter2';

/** Nobody listens on port 1, so whatever asks there is told so at once. */
const NODES = [
  'redis://127.0.0.1:1',
  `redis://:${SECRET}@127.0.0.1:1`,
  '/nowhere/redis.sock',
  'redis://127.0.0.1:0',
];

const nodes = fc.oneof(
  fc.constantFrom(...NODES, `${NODES[0] ?? ''},/nowhere/redis.sock`, `${NODES[0] ?? ''},${NODES[0] ?? ''}`),
  fc.constantFrom(`redis:/${SECRET}`, 'redis://', ',', 'http://a', 'redis://127.0.0.1:1/x', '//a', 'a'),
  fc.constantFrom(
    `redis://anna:${SECRET}#@127.0.0.1:1`,
    'redis+cluster://127.0.0.1:1',
    'redis://127.0.0.1:99999',
  ),
  fc.constant(Array.from({ length: 16 }, (_, i) => `redis://127.0.0.1:${i + 1}`).join(',')),
  oddText.filter((text) => !/^\/[^/]/.test(text.trim())),
);

const number = fc.constantFrom(
  '1',
  '50',
  '0',
  '-1',
  '1.5',
  '1e3',
  '',
  ' 1',
  '9'.repeat(20),
  'x',
  '2147483648',
);

const word = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('ls', 'inspect', 'watch', 'release', 'doctor', 'help', 'order:7') },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      '--json',
      '--force',
      '--help',
      '-h',
      '--version',
      '--',
      '-',
      '--x',
      '-jx',
      '--no-json',
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('--__proto__', '--constructor=1', '--json=1', '--nodes', '--timeout'),
  },
  { weight: 2, arbitrary: nodes.map((value) => `--nodes=${value}`) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom('timeout', 'limit', 'interval', 'max-ttl', 'prefix', 'pattern'),
        fc.oneof(number, oddText),
      )
      .map(([name, value]) => `--${name}=${value}`),
  },
  { weight: 1, arbitrary: oddText },
);

/** Mostly a command with something behind it. */
const argv = fc.oneof(
  { weight: 1, arbitrary: fc.array(word, { maxLength: 5 }) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom('ls', 'inspect', 'watch', 'release', 'doctor'), fc.array(word, { maxLength: 4 }))
      .map(([name, rest]) => [name, ...rest]),
  },
);

const env = fc.record({ REDIS_NODES: nodes, REDLOCK_KEY_PREFIX: oddText }, { requiredKeys: [] });

/** One of the documented codes, a reason where it is not the first of them, and nothing that only we understand. */
function expectReadable({ code, out, err }: { code: number | null; out: string; err: string }): void {
  expect([0, 1, 2, 3]).toContain(code);
  expect(out + err).not.toMatch(/^ +at .*[:(]/m);
  expect(out + err).not.toMatch(
    /TypeError|RangeError|is not a function|is not iterable|Cannot read|node:internal/,
  );
  expect(out + err).not.toContain(SECRET);
  if (code === 2) expect([out, err.trim().length > 10]).toEqual(['', true]);
}

describe('any command line in any environment', () => {
  it('ends with a documented code and a readable reason', async () => {
    const codes = new Set<number>();
    await fc.assert(
      fc.asyncProperty(argv, env, async (args, variables) => {
        const terminal = new PaperTerminal(variables);
        const code = await run(args, terminal);
        codes.add(code);
        expectReadable({ code, out: terminal.out, err: terminal.err });
      }),
      seeded(250),
    );
    expect([...codes].sort()).toEqual([0, 2, 3]);
  });
});

describe('servers that answer anything', () => {
  let server: FakeRedis;

  beforeAll(async () => {
    server = await FakeRedis.start();
  });

  afterAll(async () => {
    await server.stop();
  });

  const reply = fc.oneof(
    fc.constantFrom<Answer>(
      { reply: null },
      { reply: 7 },
      { reply: -1 },
      { reply: '' },
      { reply: [] },
      'hang up',
    ),
    fc.constantFrom<Answer>({ reply: [null] }, { reply: ['0', 'x'] }, { reply: ['0', [null, 'lock:a', 7]] }),
    fc.constantFrom<Answer>(
      { reply: ['0', ['lock:a']] },
      { reply: ['7', ['lock:a']] },
      { reply: ['0'] },
      { reply: [['a'], 1] },
      { noise: '?\r\n' },
    ),
    fc.constantFrom<Answer>(
      { reply: { error: 'ERR' } },
      { reply: { error: '' } },
      { reply: [{ error: 'ERR' }] },
    ),
    fc.constantFrom<Answer>(
      { reply: 'role:master\r\nrun_id:x\r\nuptime_in_seconds:-1' },
      { reply: 'a:\r\n:b' },
    ),
    fc.string({ maxLength: 5 }).map((text) => ({ reply: text })),
  );

  it.each([
    [['ls']],
    [['inspect', 'a']],
    [['release', 'a', '--force']],
    [['doctor']],
    [['watch']],
    [['doctor', '--json']],
  ])('end %j with a documented code', async (args) => {
    jest.spyOn(console, 'warn').mockImplementation(() => undefined);
    await fc.assert(
      fc.asyncProperty(
        fc.array(reply, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        async (answers, isKnown) => {
          let turn = 0;
          server.answer = (command) => {
            const name = (command[0] ?? '').toLowerCase();
            const isSetUp = ['info', 'client'].includes(name);
            if ((isKnown && isSetUp) || name === 'quit' || name.endsWith('subscribe')) return honest(command);
            return answers[turn++ % answers.length] ?? 'silence';
          };
          const terminal = new PaperTerminal({});
          const code = await run([...args, '--nodes', server.url, '--timeout', '60'], terminal);
          expectReadable({ code, out: terminal.out, err: terminal.err });
        },
      ),
      seeded(8),
    );
    jest.restoreAllMocks();
  });
});

describe('a server whose walk through its keys goes round', () => {
  it('ends as one that gives replies that are not understood', async () => {
    const server = await FakeRedis.start();
    const cursors = ['7', '3'];
    let turn = 0;
    server.answer = (command) =>
      command[0] === 'scan' ? { reply: [cursors[turn++ % 2] ?? '0', []] } : honest(command);
    const terminal = new PaperTerminal({});

    const code = await run(['ls', '--nodes', server.url], terminal);
    await server.stop();

    expect(code).toBe(3);
    expect(terminal.err + terminal.out).toContain('does not end');
    expect(turn).toBe(3);
  });
});

describe('the program as a process', () => {
  let cli: Cli;

  beforeAll(() => {
    cli = new Cli();
  });

  afterAll(() => {
    cli.dispose();
  });

  it.each([
    [['ls', '--nodes', 'redis://127.0.0.1:1', '--timeout', '99999999999'], {}, 3],
    [['ls', '--timeout', '9'.repeat(40)], { REDIS_NODES: 'redis://127.0.0.1:1' }, 2],
    [['inspect', '\u001b[2J'], { REDIS_NODES: '\u001b[2J' }, 2],
    [['doctor'], { REDIS_NODES: `redis://:${SECRET}@127.0.0.1:1`, REDLOCK_KEY_PREFIX: '\n' }, 3],
  ])('ends %j in %j with %i', async (args, variables, expected) => {
    const result = await cli.run(args, variables);

    expectReadable(result);
    expect(result.code).toBe(expected);
    expect(result.err).not.toContain('Warning');
  });

  it('ends with the same code when nobody reads its complaints', async () => {
    const started = cli.start(['ls']);
    started.stopReadingComplaints();

    expect((await started.ended()).code).toBe(2);
  });
});
