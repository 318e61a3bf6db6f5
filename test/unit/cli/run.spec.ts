import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../../lib/cli/run';
import { PaperTerminal } from '../../helpers/paper-terminal';

async function runOnPaper(...args: string[]) {
  const terminal = new PaperTerminal();
  const code = await run(args, terminal);
  return { code, out: terminal.out, err: terminal.err };
}

describe('the command line', () => {
  it.each([
    [['ls'], 'Which nodes? Give --nodes'],
    [['ls', '--nodes', ' , '], 'Which nodes? Give --nodes'],
    [['ls', '--nodes', 'http://secret-host'], 'does not begin with redis://'],
    [['ls', '--nodes', 'redis+cluster://secret-host/3'], 'only database 0 can be used'],
    [['ls', '--nodes', 'redis://a,redis://a'], 'nodes[1]: is a:6379, the same as nodes[0]'],
    [['inspect', 'x', '--nodes', 'redis://a,redis://a'], 'nodes[1]: is a:6379, the same as nodes[0]'],
    [['watch', '--nodes', 'redis://a,redis://a'], 'nodes[1]: is a:6379, the same as nodes[0]'],
    [['ls', '--nodes', Array(16).fill('redis://a').join(',')], '16 nodes; a lock service has at most 15'],
    [['ls', '--nodes', 'redis://a', '--limit', 'x'], '--limit must be a whole number'],
    [['ls', '--nodes', 'redis://a', '--timeout', '1.5'], '--timeout must be a whole number'],
    [['watch', '--nodes', 'redis://a', '--interval', '0'], '--interval must be a whole number'],
    [['ls', '--nodes', 'redis://a', '--timeout', '-5'], 'ambiguous. Did you forget'],
    [['doctor', '--nodes', 'redis://a', '--max-ttl=-1'], '--max-ttl must be a whole number'],
    [['ls', 'x', '--nodes', 'redis://a'], 'ls takes no argument'],
    [['inspect', '--nodes', 'redis://a'], 'inspect needs a resource'],
    [['inspect', '', '--nodes', 'redis://a'], 'A resource is empty'],
    [['release', '--nodes', 'redis://a', 'x', 'y'], 'takes one resource'],
    [['ls', '--force'], "Unknown option '--force'. The options are: --nodes, --prefix, "],
    [
      ['sl', '\u001b[2J'],
      'This command does not exist. The commands are: ls, inspect, watch, board, release, doctor.',
    ],
    [[], 'Usage: nestjs-redlock <command>'],
  ])('refuses %j with code 2, and says what to write', async (args, says) => {
    const { code, out, err } = await runOnPaper(...args);

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(says);
    expect(err).not.toContain('secret-host');
    expect(err).not.toContain('\u001b');
  });

  it.each([['--help'], ['-h'], ['help']])('lists the commands for %s', async (arg) => {
    const { code, out } = await runOnPaper(arg);

    expect(code).toBe(0);
    expect([...out.matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name)).toEqual([
      ...['ls', 'inspect', 'watch', 'board', 'release', 'doctor'],
    ]);
    expect(out).toContain('--nodes <urls>');
  });

  it.each([
    ['ls', ['--pattern', '--limit']],
    ['inspect', []],
    ['watch', ['--interval', '--pattern', '--limit']],
    ['release', ['--force']],
    ['doctor', ['--max-ttl']],
  ])('has a help for %s with its options and exit codes, which needs no nodes', async (name, options) => {
    const { code, out } = await runOnPaper(name, '--help');

    expect(code).toBe(0);
    for (const option of [...options, '--nodes', '--prefix', '--timeout', '--json']) {
      expect(out).toContain(`\n  ${option} `);
    }
    expect(await runOnPaper(name, '-h')).toEqual({ code, out, err: '' });
    expect(out).toMatch(/[Ee]xits with 0/);
  });

  it('tells its version, which is that of the package', async () => {
    const file = readFileSync(join(__dirname, '../../../package.json'), 'utf8');

    expect(await runOnPaper('--version')).toMatchObject({
      code: 0,
      out: `${(JSON.parse(file) as { version: string }).version}\n`,
    });
  });
});
