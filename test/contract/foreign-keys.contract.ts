import type { LockNode } from '../../lib/ports/lock-node.interface';
import { findLocks } from '../../lib/locking/inspection/find-locks';
import { systemClock } from '../../lib/system/system-clock';
import { acquire } from '../helpers/ask-node';

type Command = readonly [string, ...(string | number)[]];

/** @param later the moment a minute from now, in milliseconds */
const keysOfOthers = (
  key: string,
  later: number,
): Record<string, [type: string, ...commands: Command[]]> => ({
  'a hash': ['hash', ['HSET', key, 'field', 'value']],
  'a hash that expires': ['hash', ['HSET', key, 'field', 'value'], ['PEXPIREAT', key, later]],
  'a list': ['list', ['RPUSH', key, 'x']],
  'a set': ['set', ['SADD', key, 'x']],
  'a stream': ['stream', ['XADD', key, '1-1', 'field', 'value']],
  'a sorted set': ['zset', ['ZADD', key, 5, 'x']],
  'a sorted set that looks like ours, and never expires': ['zset', ['ZADD', key, later, '|anna']],
  'a sorted set that expires with its last member': [
    'zset',
    ['ZADD', key, later, 'x'],
    ['PEXPIREAT', key, later],
  ],
  'a sorted set with a member among many of ours': [
    'zset',
    [
      'ZADD',
      key,
      ...Array.from({ length: 200 }, (_, i) => [later - 300 + i, i === 99 ? 'x' : `|r${i}`]).flat(),
    ],
    ['PEXPIREAT', key, later - 101],
  ],
  'a sorted set that expires earlier than its last member': [
    'zset',
    ['ZADD', key, later, '|anna'],
    ['PEXPIREAT', key, later - 30_000],
  ],
  'a value without a text': ['string', ['SET', key, '']],
  'a value that is no text': ['string', ['SETBIT', key, 0, 1]],
});

const NAMES = Object.keys(keysOfOthers('', 0));

/**
 * What a node must tell of that others keep things in, too.
 *
 * @param command asks the server that has the key
 */
export function itTellsOfKeysOfOthers(
  open: () => Promise<LockNode>,
  command: (...command: Command) => Promise<unknown>,
): void {
  let node: LockNode;

  beforeEach(async () => {
    node = await open();
  });

  afterEach(() => node.close());

  it.each(NAMES)('says what another program has in the place of a lock: %s', async (name) => {
    const [foreignType, ...commands] = keysOfOthers('lock:a', Date.now() + 60_000)[name] ?? [''];
    for (const one of commands) await command(...one);
    const before = await command('DUMP', 'lock:a');
    const told = { ownerToken: '', foreignType, ttlMs: expect.any(Number) as number };

    expect((await acquire(node, 'a', { ownerToken: 'anna' })).kind).toBe('denied');
    expect(await node.inspect('a')).toEqual(told);
    const { answers } = await findLocks(
      { nodes: [node], clock: systemClock, timeoutMs: 5_000 },
      { pattern: '*', limit: 9 },
    );
    expect(answers[0]?.holds?.get('a')).toMatchObject(told);
    const part = await node.list?.({ pattern: '*', resources: ['a', 'b'] });
    expect(part?.holds).toMatchObject([{ resource: 'a', ...told }]);
    expect(await command('DUMP', 'lock:a')).toEqual(before);
  });
}
