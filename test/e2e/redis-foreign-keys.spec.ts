import { createLockService, type LockBusyError } from '../../lib';
import { run } from '../../lib/cli/run';
import { networkForEachTest } from '../helpers/network';
import { PaperTerminal } from '../helpers/paper-terminal';
import { untilAllAnswer } from '../helpers/until-all-answer';

const { servers, services } = networkForEachTest();

/** A set like that of readers, with a member which is no text. */
const READER_OF_BYTES = `
local now = redis.call('TIME')
local ends = now[1] * 1000 + math.floor(now[2] / 1000) + 60000
redis.call('ZADD', KEYS[1], ends, '|\\255\\254')
return redis.call('PEXPIREAT', KEYS[1], ends)
`;

async function service() {
  const one = createLockService({ nodes: servers.map(({ url }) => url), shutdownTimeout: 0 });
  services.push(one);
  await untilAllAnswer(one);
  return one;
}

/** Waits in vain for `order:7`, after `command` was given to so many of the three servers. */
async function inVain(count: number, ...command: [string, ...string[]]): Promise<LockBusyError> {
  const locks = await service();
  await Promise.all(servers.slice(0, count).map((server) => server.command(...command)));
  return locks.acquire('order:7', { wait: 300 }).then(
    () => Promise.reject(new Error('it was free')),
    (error: unknown) => error as LockBusyError,
  );
}

describe('a key of another program in the place of a lock', () => {
  it.each<[string, [string, ...string[]]]>([
    ['a value', ['SET', 'lock:order:7', 'by hand']],
    ['a hash', ['HSET', 'lock:order:7', 'a', '1']],
  ])('is said to be none of ours when it is %s without an expiry', async (_, command) => {
    const error = await inVain(3, ...command);

    expect(error).toMatchObject({ code: 'LOCK_BUSY', neverExpires: true });
    expect(error.message).toMatch(/a key without an expiry, which is no lock of this library/);
    expect(error.message).toMatch(/release --force/);
    expect(error.message).not.toMatch(/longer `wait`/);
  });

  it('may be waited for when it expires', async () => {
    const error = await inVain(3, 'SET', 'lock:order:7', 'other client', 'PX', '30000');

    expect(error).toMatchObject({ code: 'LOCK_BUSY', neverExpires: false });
    expect(error.message).toMatch(/longer `wait`/);
  });

  it.each<[string, [string, ...string[]]]>([
    ['hash', ['HSET', 'lock:order:7', 'a', '1']],
    ['zset', ['ZADD', 'lock:order:7', '5', 'a']],
    // Readers end together with their key, and the token of one is text.
    ['zset', ['EVAL', READER_OF_BYTES, '1', 'lock:order:7']],
  ])('is shown as what it is, and never removed: a %s', async (foreignType, command) => {
    const locks = await service();
    await Promise.all(servers.map((server) => server.command(...command)));
    const terminal = new PaperTerminal();
    const nodes = ['--nodes', servers.map(({ url }) => url).join(',')];

    expect(await locks.isLocked('order:7')).toBe(true);
    expect(await locks.inspect('order:7')).toMatchObject({ state: 'foreign', foreignType, holders: [] });
    const { locks: listed } = await locks.list();
    expect(listed).toMatchObject([{ resource: 'order:7', state: 'foreign', foreignType, nodeCount: 3 }]);
    await expect(locks.forceRelease('order:7')).rejects.toThrow(
      `"order:7" is no lock: another program has a key of the type ${foreignType} there, and it was left alone.`,
    );
    expect(await locks.forceRelease('order:7', { ownerToken: 'anna' })).toBe(0);
    expect(await run(['release', 'order:7', '--force', ...nodes], terminal)).toBe(1);
    expect(await run(['inspect', 'order:7', ...nodes], terminal)).toBe(1);
    expect(await run(['ls', ...nodes], terminal)).toBe(0);
    expect(terminal.out).toContain(
      `"order:7" is no lock: a ${foreignType} of another program is in its place`,
    );
    expect(terminal.out).toMatch(
      /Nothing was released\.\nA key of another program is no lock, and was not removed/,
    );
    expect(terminal.out).toMatch(new RegExp(`order:7 +foreign +a ${foreignType} of another program`));
    expect(await servers[0]?.command('TYPE', 'lock:order:7')).toBe(foreignType);
  });

  it('is told by all of the program where a majority has it beside the rest of a lock, which is nobody’s', async () => {
    await Promise.all(servers.slice(1).map((server) => server.command('HSET', 'lock:order:7', 'a', '1')));
    await servers[0]?.command('SET', 'lock:order:7', 'anna', 'PX', '60000');
    const terminal = new PaperTerminal();
    const nodes = ['--nodes', servers.map(({ url }) => url).join(',')];

    expect(await run(['ls', ...nodes], terminal)).toBe(0);
    expect(await run(['release', 'order:7', ...nodes], terminal)).toBe(1);
    expect(await run(['release', 'order:7', '--force', ...nodes], terminal)).toBe(0);

    expect(terminal.out).toMatch(/order:7 +foreign +a hash of another program +no end +2 of 3/);
    expect(terminal.out).toContain('Removed "order:7" from 1 of 3 nodes.\n');
    expect(terminal.out).not.toContain('may work at the same time');
  });

  it('is left on the node that has it when the lock on the others is removed', async () => {
    const locks = await service();
    await servers[0]?.command('RPUSH', 'lock:order:7', 'a');
    await using _lock = await locks.acquire('order:7', { autoExtend: false });

    expect(await locks.inspect('order:7')).toMatchObject({ state: 'held' });
    expect(await locks.forceRelease('order:7')).toBe(2);
    expect(await servers[0]?.command('TYPE', 'lock:order:7')).toBe('list');
  });

  it('is in nobody’s way on a minority of the nodes', async () => {
    await expect(inVain(1, 'SET', 'lock:order:7', 'by hand')).rejects.toThrow('it was free');
  });
});
