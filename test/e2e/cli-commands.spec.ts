import { run } from '../../lib/cli/run';
import { FakeRedis, honest, type Answer } from '../helpers/fake-redis';
import { PaperTerminal } from '../helpers/paper-terminal';
import { RedisServer, startRedisServers } from '../helpers/redis-server';
import { until } from '../helpers/until';

const NOBODY = 'redis://127.0.0.1:1';

/** One command line in this process, on a terminal of paper. */
async function runOnPaper(...args: string[]) {
  const terminal = new PaperTerminal();
  const code = await run(args, terminal);
  return { code, out: terminal.out, err: terminal.err };
}

async function locksOf(...args: string[]) {
  const { code, out, err } = await runOnPaper('ls', '--json', ...args);
  const { locks, truncated } = JSON.parse(out) as { locks: { resource: string }[]; truncated: boolean };
  return { code, err, truncated, resources: locks.map(({ resource }) => resource) };
}

const terminals = new Set<PaperTerminal>();

/** `watch`, until the test has seen enough. */
function startWatching(args: readonly string[], isInteractive = false) {
  const terminal = new PaperTerminal({}, { isInteractive, runsOn: true });
  terminals.add(terminal);
  const ended = run(['watch', ...args], terminal);
  return {
    terminal,
    untilPrinted: (text: string) => until(`it prints ${text}`, () => terminal.out.includes(text)),
    interrupt: () => {
      terminal.interrupt();
      return ended;
    },
  };
}

afterEach(() => {
  for (const terminal of terminals) terminal.interrupt();
  terminals.clear();
});

describe('a command, on servers of which each is odd in its way', () => {
  let servers: RedisServer[];
  let nodes: string;

  beforeAll(async () => {
    servers = await startRedisServers(2);
    nodes = servers.map(({ url }) => url).join(',');
    // A user for each right that is missing.
    for (const [name, ...missing] of [
      ['deaf', '-psubscribe'],
      ['mute', '-ping'],
      ['tied', '-eval', '-evalsha'],
    ] as const) {
      await first().command('ACL', 'SETUSER', name, 'on', '>hunter2', '~*', '&*', '+@all', ...missing);
    }
    await first().command('ACL', 'SETUSER', 'tied', '+evalsha', '-del');
  });

  afterEach(async () => {
    await Promise.all(servers.map((server) => server.command('FLUSHALL')));
  });

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
  });

  const [first, second] = [0, 1].map((at) => () => servers[at] as RedisServer) as [
    () => RedisServer,
    () => RedisServer,
  ];
  const urlOf = (user: string) => `redis://${user}:hunter2@127.0.0.1:${first().port}`;

  describe('ls', () => {
    it('lists a lock that another node has as something else, and before what is no lock', async () => {
      await first().command('SET', 'lock:x', 'token');
      await second().command('HSET', 'lock:x', 'field', 'value');
      for (const name of ['a', 'b', 'c']) await second().command('HSET', `lock:${name}`, 'field', 'value');

      expect(await locksOf('--nodes', nodes, '--limit', '1')).toEqual({
        ...{ code: 0, err: '', truncated: true, resources: ['x'] },
      });
    });

    it('shortens long names in their middle on a terminal, and shows them in whole elsewhere', async () => {
      const long = `import:${'7'.repeat(200)}:end`;
      const short = `import:${'7'.repeat(13)}…${'7'.repeat(15)}:end`;
      await first().command('SET', `lock:${long}`, 'token');
      await first().command('SET', 'lock:x', 'token');
      const onScreen = async (...args: string[]) => {
        const terminal = new PaperTerminal({}, { isInteractive: true });
        await run(['ls', '--nodes', first().url, ...args], terminal);
        return terminal.out;
      };

      const lines = (await onScreen()).trimEnd().split('\n');
      expect(lines).toHaveLength(3);
      expect(lines[1]).toContain(`${short}  held `);
      expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(120);
      for (const whole of [
        await onScreen('--no-trunc'),
        await onScreen('--json'),
        (await runOnPaper('ls', '--nodes', first().url)).out,
      ])
        expect(whole).toContain(long);
    });

    it('does not take a cluster of which no server answers for one without locks', async () => {
      const { code, err } = await runOnPaper('ls', '--nodes', 'redis+cluster://127.0.0.1:1');

      expect(code).toBe(3);
      expect(err).toMatch(/^cluster:127\.0\.0\.1:1: not connected/);
    });
  });

  describe('watch', () => {
    it('redraws the list on a terminal, with the nodes that do not answer below it', async () => {
      await first().command('SET', 'lock:x', 'token');
      const args = ['--interval', '600000', '--nodes', `${nodes},${NOBODY}`];
      const { terminal, untilPrinted, interrupt } = startWatching(args, true);
      await untilPrinted('\nx ');
      await until('it listens', async () => (await first().command('PUBSUB', 'NUMPAT')) === 1);
      await first().command('SET', 'lock:y', 'token');
      await first().command('PUBLISH', 'lock:x', '1 token');
      await untilPrinted('\ny ');

      expect(await interrupt()).toBe(0);
      const [, ...screens] = terminal.out.split('\u001b[H\u001b[J');
      expect(screens[0]).toMatch(
        /^\d\d:\d\d:\d\d UTC, Ctrl-C ends\n\nRESOURCE .*\nx .*\n127\.0\.0\.1:1: not /,
      );
      expect(terminal.out).not.toContain('released');
    });

    it.each([[], ['--no-trunc']])('shortens long names as ls does, with %j', async (...args: string[]) => {
      const long = `import:${'7'.repeat(200)}:end`;
      await first().command('SET', `lock:${long}`, 'token');
      const { terminal, untilPrinted, interrupt } = startWatching(['--nodes', first().url, ...args], true);
      await untilPrinted('\nimport:');

      await interrupt();
      expect(terminal.out.includes(long)).toBe(args.length > 0);
    });

    it('prints JSON on a terminal too, where that is asked for', async () => {
      await first().command('SET', 'lock:x', 'token');
      const { terminal, untilPrinted, interrupt } = startWatching(['--json', '--nodes', first().url], true);
      await untilPrinted('"resource":"x"');

      await interrupt();
      expect(terminal.out).not.toContain('RESOURCE');
    });

    it('forgets which releases it has told of once they are many', async () => {
      const { terminal, untilPrinted, interrupt } = startWatching(['--nodes', first().url]);
      await until('it listens', async () => (await first().command('PUBSUB', 'NUMPAT')) === 1);
      const publish = "for i = 0, ARGV[1] do redis.call('PUBLISH', 'lock:' .. i, '1 token') end";

      await first().command('EVAL', publish, 0, 1);
      await first().command('EVAL', publish, 0, 1_000);
      await untilPrinted('released  1000  ');
      await first().command('PUBLISH', 'lock:0', '1 token');
      await first().command('PUBLISH', 'lock:end', '1 token');
      await untilPrinted('released  end  ');

      await interrupt();
      const toldOf = (name: string) => terminal.out.split(`released  ${name}  `).length - 1;
      expect([toldOf('0'), toldOf('1')]).toEqual([2, 1]);
    });

    it('hears of releases below its prefix and of no others, also where that reads like a pattern', async () => {
      const watching = startWatching(['--prefix', 'p[1]:', '--interval', '600000', '--nodes', first().url]);
      await until('it listens', async () => (await first().command('PUBSUB', 'NUMPAT')) === 1);
      await first().command('PUBLISH', 'p1:other', '1 token');
      await first().command('PUBLISH', 'p[1]:mine', '1 token');
      await watching.untilPrinted('released  mine  token token');

      expect(await watching.interrupt()).toBe(0);
      expect(watching.terminal.out).not.toContain('other');
    });

    it('says when it may not hear of releases', async () => {
      const { terminal, interrupt } = startWatching(['--nodes', urlOf('deaf')]);
      await until('it says so', () => terminal.err !== '');

      expect(await interrupt()).toBe(0);
      expect(terminal.err).toBe(
        `127.0.0.1:${first().port} does not permit us to hear of releases. They are seen at each interval only.\n`,
      );
    });

    it('does not say that a lock is gone when others push it over the limit, but that there are more', async () => {
      await first().command('SET', 'lock:m', 'token');
      const args = ['--interval', '20', '--limit', '1', '--nodes', first().url];
      const { terminal, untilPrinted, interrupt } = startWatching(args);
      await untilPrinted('held  m');

      for (const name of ['b', 'a']) await first().command('SET', `lock:${name}`, 'token');
      await until('it says so', () => terminal.err !== '');
      expect(terminal.out).not.toContain('gone');
      await first().command('DEL', 'lock:m');
      await untilPrinted('held  a');

      expect(await interrupt()).toBe(0);
      expect(terminal.out.match(/\w+ {2}[am]\b/g)).toEqual(['held  m', 'gone  m', 'held  a']);
      expect(terminal.err).toBe('More than 1; narrow it with --pattern, or raise --limit.\n');
    });
  });

  it.each([
    ['inspect', ['lock:x'], '"lock:x" begins with the prefix of the keys, "lock:", which a resource'],
    ['inspect', ['lock:x', '--json'], 'Did you mean "x"?'],
    ['release', ['lock:x', '--force'], 'Did you mean "x"?'],
    ['inspect', ['shop:lock:y', '--prefix', 'shop:lock:'], 'Did you mean "y"?'],
  ])('%s of a key in the place of a resource says what to write: %p', async (command, args, advice) => {
    await first().command('SET', 'lock:x', 'token');

    const { out, err } = await runOnPaper(command, ...args, '--nodes', nodes);

    expect(out).toContain('free');
    expect(err).toContain(advice);
    expect(await first().command('GET', 'lock:x')).toBe('token');
  });

  it.each([
    ['a resource that is held, whatever it begins with', 'lock:x', []],
    ['a free resource that begins with something else', 'y', []],
    ['the prefix alone', 'lock:', []],
    ['keys without a prefix', 'lock:y', ['--prefix', '']],
  ])('inspect gives no such advice for %s', async (_what, resource, options) => {
    for (const server of servers) await server.command('SET', 'lock:lock:x', 'token', 'PX', 60_000);

    const { code, err } = await runOnPaper('inspect', resource, ...options, '--nodes', nodes);

    expect([code, err]).toEqual([0, '']);
  });

  describe('release', () => {
    it('names the nodes that may still hold what it released', async () => {
      await first().command('SET', 'lock:x', 'token');

      const { code, out } = await runOnPaper('release', 'x', '--force', '--nodes', `${nodes},${NOBODY}`);

      expect(code).toBe(0);
      expect(out).toContain('Removed "x" from 1 of 3 nodes.');
      expect(out).toContain('These nodes did not answer, and may still have it: 127.0.0.1:1.\n');
    });

    it('exits with 3 when no quorum answered, whatever it released', async () => {
      await first().command('SET', 'lock:x', 'token');
      const args = ['--force', '--nodes', `${first().url},${NOBODY},redis://127.0.0.1:2`];

      const { code, out } = await runOnPaper('release', 'x', ...args);

      expect(code).toBe(3);
      expect(out).toContain('Removed "x" from 1 of 3 nodes.');
    });

    it('says for whom it could do nothing when no node answers', async () => {
      const { code, out } = await runOnPaper('release', 'x', '--force', '--nodes', NOBODY);

      expect(code).toBe(3);
      expect(out).toMatch(
        /^Nobody can tell who holds "x": .*\nNothing was released\.\nThese nodes did not answer, /,
      );
    });

    it('does not warn the holder of a release that the node refused', async () => {
      await first().command('SET', 'lock:x', 'token');

      const { code, out } = await runOnPaper('release', 'x', '--force', '--nodes', urlOf('tied'));

      expect(code).toBe(1);
      expect(out).toMatch(
        /^"x" is held by token token on 1 of 1 nodes, without an expiry\.\nNothing was released\.\nThese nodes did not say that they removed it: \S+ \(.*(?:can't run this command|has no permissions to run).*\)\. Solve that, and try again\.\n$/,
      );
      const { out: json } = await runOnPaper('release', 'x', '--force', '--json', '--nodes', urlOf('tied'));
      expect(JSON.parse(json)).toMatchObject({
        releasedFrom: 0,
        failed: [
          { error: expect.stringMatching(/can't run this command|has no permissions to run/) as string },
        ],
      });
      expect(await first().command('GET', 'lock:x')).toBe('token');
    });
  });

  it('doctor can use a node whose user may not ping', async () => {
    const { out } = await runOnPaper('doctor', '--json', '--nodes', urlOf('mute'));

    const { findings } = JSON.parse(out) as { findings: { check: string; level: string }[] };
    const levelOf = (check: string) =>
      findings.filter((one) => one.check === check).map(({ level }) => level);
    expect({ reachable: levelOf('reachable'), latency: levelOf('latency') }).toEqual({
      ...{ reachable: ['ok'], latency: ['unknown'] },
    });
  });
});

describe('a command, on a server that answers', () => {
  let server: FakeRedis;

  beforeEach(async () => {
    server = await FakeRedis.start();
  });

  afterEach(async () => {
    await server.stop();
  });

  /** The rest as an honest server; a script by either of its names. */
  const answers = (by: Partial<Record<string, () => Answer>>) => {
    server.answer = (command) => {
      const name = (command[0] ?? '').toLowerCase();
      return by[name === 'eval' ? 'evalsha' : name]?.() ?? honest(command);
    };
  };
  /** Long enough for a server that answers on a busy machine. */
  const ls = (timeoutMs = 1_000) => locksOf('--nodes', server.url, '--timeout', String(timeoutMs));
  const scanned: Answer = { reply: ['0', ['lock:x']] };

  it('nothing at all: does not wait for it longer than it was told to', async () => {
    server.answer = () => 'silence';

    expect(await ls(100)).toMatchObject({
      code: 3,
      err: expect.stringContaining('not connected yet') as unknown,
    });
  });

  it('who it is, and then nothing: neither', async () => {
    answers({ scan: () => 'silence' });

    expect(await ls()).toMatchObject({
      code: 3,
      err: expect.stringMatching(/no answer within 1000 ms\n$/) as unknown,
    });
  });

  it('that its user may not use the database, as Valkey 9.1 does: doctor says what to change, and what not', async () => {
    answers({ select: () => ({ reply: { error: 'NOPERM No permissions to access database' } }) });

    const { code, out } = await runOnPaper('doctor', '--nodes', `${server.url}/3`);

    expect(code).toBe(3);
    expect(out).toContain('NOPERM No permissions to access database');
    expect(out).toContain('permit this one: ACL SETUSER <user> db=<number>');
    expect(out).not.toMatch(/\+info|\+ping/);
  });

  it('that a key has gone since its name was told: does not list it', async () => {
    answers({ scan: () => scanned, evalsha: () => ({ reply: [null] }) });

    expect(await ls()).toEqual({ code: 0, err: '', truncated: false, resources: [] });
  });

  it.each<[string, Partial<Record<string, () => Answer>>]>([
    ['names that are none', { scan: () => ({ reply: ['0', ['lock:x', 7]] }) }],
    ['with a cursor that is none', { scan: () => ({ reply: ['x', []] }) }],
    ['with an owner that is none', { scan: () => scanned, evalsha: () => ({ reply: [[7, 9, 0]] }) }],
    ['with a ttl that is none', { scan: () => scanned, evalsha: () => ({ reply: [['token', 'soon', 0]] }) }],
    ['of more keys than there are', { scan: () => scanned, evalsha: () => ({ reply: [null, null] }) }],
    [
      'that it has something else there, and not what it should',
      { scan: () => scanned, evalsha: () => ({ reply: { error: 'ERR odd' } }) },
    ],
  ])('%s: takes it for one that did not', async (_what, by) => {
    answers(by);

    expect(await ls()).toMatchObject({
      code: 3,
      err: expect.stringMatching(/is not understood|ERR odd/) as unknown,
    });
  });

  it('more than the limit: asks for no more, and lists the first by name', async () => {
    answers({
      scan: () => ({ reply: ['7', ['lock:b', 'lock:a']] }),
      evalsha: () => ({
        reply: [
          ['token', 9, 0],
          ['token', 9, 0],
        ],
      }),
    });

    expect(await locksOf('--nodes', server.url, '--limit', '1')).toEqual({
      ...{ code: 0, err: '', truncated: true, resources: ['a'] },
    });
    expect(server.commands.filter((command) => command.startsWith('scan'))).toHaveLength(1);
  });

  it('its listener with a broken connection: listens again, and does not complain of its rights', async () => {
    let asked = 0;
    answers({ psubscribe: () => ((asked += 1) === 1 ? 'hang up' : { reply: ['psubscribe', 'lock:*', 1] }) });
    const { terminal, interrupt } = startWatching(['--nodes', server.url]);
    await until('it asks again', () => asked === 2);

    await interrupt();
    expect(terminal.err).toBe('');
  });

  it('who holds a lock, and then falls silent: ends its release with 3', async () => {
    let asked = 0;
    answers({ evalsha: () => ((asked += 1) === 1 ? { reply: ['token', 9_000, 0] } : 'silence') });

    const args = ['release', 'x', '--force', '--nodes', server.url, '--timeout', '1000'];
    expect(await runOnPaper(...args)).toMatchObject({ code: 3, out: '' });
    expect(asked).toBe(2);
  });
});
