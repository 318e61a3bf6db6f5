import { aclLine } from '../../../lib/cli/doctor/node-findings';
import { cellsOf, Cli } from '../../helpers/cli';
import { readBlock } from '../../helpers/document-module';
import { DocumentWorld } from '../../helpers/document-world';
import { until } from '../../helpers/until';

const TOKENS = ['web-1:4121:Xk2p:Q1r0mJt5bQf8m3nD0aZs7A', 'web-2:77:a9_Q:Q1r0mJt5bQf8m3nD0aZs7B'] as const;

describe('the examples of CLI.md', () => {
  let world: DocumentWorld;
  let cli: Cli;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    cli = new Cli();
    world = await DocumentWorld.start();
    env = { REDIS_NODES: world.nodes.join(',') };
  });

  beforeEach(async () => {
    const { masters } = world;
    await Promise.all(
      masters.map((master) => master.command('SET', 'lock:order:7', TOKENS[0], 'PX', 600_000)),
    );
    await masters[0]?.command('SET', 'lock:stock:tea', TOKENS[1], 'PX', 600_000);
  });

  afterAll(async () => {
    cli.dispose();
    await world.stop();
  });

  /** The arguments in the first line of a block, and what the document says that comes of them. */
  function example(block: string): { args: string[]; shown: string } {
    const [command = '', ...lines] = block.split('\n');
    const [, words = ''] = /^\$ npx (?:\S+) (.*?)( \| cat)?$/.exec(command) ?? [];
    return { args: words.split(' '), shown: lines.join('\n') };
  }

  /** Without what differs from run to run. */
  const tidy = (text: string) =>
    cellsOf(
      world.masters
        .reduce((all, { port }, i) => all.replaceAll(`127.0.0.1:${port}`, `${'abc'[i]}:6379`), text)
        .replaceAll(/\d+:\d\d:\d\d\.\d{3}/g, '<time>')
        .replaceAll(/\b(Redis|Valkey|Redict) \d+\.\d+\.\d+/g, '<server>')
        .replaceAll(/\d+(\.\d+)? (ms|s|min|h|d)(?= |$|\)|;|,)/gm, '<duration>'),
    ).map((cells) => cells.filter((cell) => cell !== ''));

  it.each([
    ['ls', () => readBlock('docs/CLI.md', '', 'npx @nest-quorum/redlock ls\n')],
    ['inspect', () => readBlock('docs/CLI.md', '', 'npx @nest-quorum/redlock inspect order:7')],
    ['release', () => readBlock('docs/CLI.md', '', 'npx @nest-quorum/redlock release order:7')],
  ])('are what %s prints', async (_, read) => {
    const { args, shown } = example(read());

    const { out, err } = await cli.run(args, env);

    expect(tidy(out + err)).toEqual(tidy(shown));
  });

  it('have the shape of the JSON of ls', async () => {
    const { args, shown } = example(readBlock('docs/CLI.md', '', 'ls --json'));

    const { out } = await cli.run(args, env);

    expect(shapeOf(JSON.parse(out))).toEqual(shapeOf(JSON.parse(shown.replaceAll(', …', ''))));
  });

  it('are lines of watch', async () => {
    const { args, shown } = example(readBlock('docs/CLI.md', '', 'npx @nest-quorum/redlock watch'));
    const kinds = (text: string) =>
      tidy(text).map(([, kind, what = '', ...more]) => [kind, what, more.length]);

    const watch = cli.start([...args, '--interval', '20'], env);
    await watch.line('the lock is seen', (line) => line.includes('order:7'));
    await Promise.all(world.masters.map((master) => master.command('DEL', 'lock:order:7')));
    await watch.line('the lock is gone', (line) => line.includes('gone  order:7'));
    await using lock = await world.others.acquire('order:9');
    await watch.line('the next is seen', (line) => line.includes('held  order:9'));
    await lock.release();
    await watch.line('it is gone', (line) => line.includes('order:9') && !line.includes('held'));
    const { out } = await watch.interrupt();

    const printed = kinds(out);
    for (const [kind, what, more] of kinds(shown)) {
      if (kind === 'held' || kind === 'gone') expect(printed).toContainEqual([kind, what, more]);
    }
  });

  it('are what board prints, but for its port and its secret', async () => {
    const { args, shown } = example(readBlock('docs/CLI.md', '', 'npx @nest-quorum/redlock board'));
    const plain = (text: string) => text.trim().replace(/:\d+\/[\w-]{22}\//, ':<port>/<secret>/');

    const board = cli.start(args, env);
    await board.line('it listens', (line) => line.includes('Ctrl-C'));
    const { out } = await board.interrupt();

    expect(plain(out)).toBe(plain(shown));
    expect(plain(out)).toContain('<secret>');
  });

  it('are findings of doctor', async () => {
    const { args, shown } = example(readBlock('docs/CLI.md', '', 'npx @nest-quorum/redlock doctor\n'));
    const findings = (text: string) =>
      [...text.matchAll(/^ {2}(\w+) +(\w+) {2}/gm)].map(([, ...found]) => found);
    const [a] = world.masters;
    await a?.command('CONFIG', 'SET', 'maxmemory', '104857600', 'maxmemory-policy', 'allkeys-lru');
    await untilOlderThan(1_000);

    const { code, out } = await cli.run([...args, '--max-ttl', '1000'], env);

    const ofNode = findings(shown).slice(0, -4);
    expect(findings(out).slice(0, ofNode.length)).toEqual(ofNode);
    expect(findings(out).slice(-4)).toEqual(findings(shown).slice(-4));
    expect(tidy(out)).toEqual(
      expect.arrayContaining(tidy(shown).filter(([level]) => /ERROR|->/.test(level ?? ''))),
    );
    expect([code, out.trim().split('\n').at(-1)]).toEqual([1, shown.trim().split('\n').at(-1)]);
    await a?.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
  });

  it('wait between the restarts of two nodes', async () => {
    const [, ...args] = readBlock('docs/CLI.md', '', '--wait-trusted')
      .replace('|| exit 1', '')
      .trim()
      .split(' ');

    const { code } = await cli.run([...args.slice(1), '--max-ttl', '1000'], env);

    expect(code).toBe(0);
  });

  it('name the nodes on the command line', async () => {
    const [, , ...args] = world
      .change(readBlock('docs/CLI.md', 'sh', '<command>'))
      .trim()
      .split(' ');

    const { code, out } = await cli.run(args.map((word) => word.replace('<command>', 'ls')));

    expect([code, out]).toEqual([0, expect.stringContaining('order:7')]);
  });

  it('of README.md do what they say', async () => {
    const [first = '', ...lines] = world
      .change(readBlock('README.md', 'sh', 'REDIS_NODES'))
      .trim()
      .split('\n');
    const nodes = { REDIS_NODES: first.replace('export REDIS_NODES=', '') };
    expect(lines).toHaveLength(6);
    const untilStopped: Record<string, string> = { watch: 'order:7', board: 'http://127.0.0.1' };
    for (const line of lines) {
      const [words = ''] = line.replace('npx @nest-quorum/redlock ', '').split('#');
      const command = cli.start(words.trim().split(' '), nodes);
      const seen = untilStopped[words.trim()];
      if (seen !== undefined) {
        await command.line(`${seen} is printed`, (text) => text.includes(seen));
        expect((await command.interrupt()).code).toBe(0);
      } else {
        expect([words, (await command.ended()).code]).toEqual([words, 0]);
      }
    }
    expect(await world.isHeld('order:7')).toBe(false);
  });

  it('give the rights that a doctor is content with', async () => {
    const line = readBlock('docs/CLI.md', '', 'ACL SETUSER').trim();
    expect(line).toBe(aclLine('lock:').replace('<user>', 'locks on >…'));
    expect(readBlock('docs/OPERATIONS.md', '', 'ACL SETUSER').trim()).toBe(line);
    const [, ...words] = line.replace('>…', '>secret').split(' ');
    await Promise.all(world.masters.map((master) => master.command('ACL', ...words)));
    const nodes = world.nodes.map((url) => url.replace('redis://', 'redis://locks:secret@')).join(',');

    const { out } = await cli.run(['doctor', '--max-ttl', '1000', '--nodes', nodes]);

    expect(out).toMatch(/ok +rights/);
    expect(out).not.toContain('ERROR');
  });

  async function untilOlderThan(ms: number): Promise<void> {
    await until('the servers are old enough', async () => {
      const infos = await Promise.all(world.masters.map((master) => master.command('INFO', 'server')));
      return infos.every((info) => Number(/uptime_in_seconds:(\d+)/.exec(String(info))?.[1]) * 1000 > ms);
    });
  }
});

/** Names and types; of a list that of its first element. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (typeof value !== 'object' || value === null) return value === null ? null : typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]));
}
