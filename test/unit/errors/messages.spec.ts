import { CallerLeftError } from '../../../lib/errors/caller-left.error';
import { LockLimitError } from '../../../lib/errors/lock-limit.error';
import { LockBusyError } from '../../../lib/errors/lock-busy.error';
import { LockError } from '../../../lib/errors/lock.error';
import { LockKeyError } from '../../../lib/errors/lock-key.error';
import { LockLostError, type LockLostReason } from '../../../lib/errors/lock-lost.error';
import { LockNotBoundError } from '../../../lib/errors/lock-not-bound.error';
import { LockOptionsError } from '../../../lib/errors/lock-options.error';
import { LockReentrancyError } from '../../../lib/errors/lock-reentrancy.error';
import { LockUnavailableError } from '../../../lib/errors/lock-unavailable.error';

const RESOURCES = ['order:7'];
const REFUSED = new Error('connect ECONNREFUSED');
const failing = (text: string) => [{ node: 'a', vote: 'failed' as const, error: new Error(text) }];
const lost = (reason: LockLostReason) => new LockLostError({ resources: RESOURCES, reason });

describe('the message of an error', () => {
  it.each<[LockError, string, RegExp, RegExp]>([
    [
      new LockBusyError({
        resources: RESOURCES,
        waitedMs: 12.4,
        votes: [{ node: 'a', vote: 'denied' }],
        holder: { ownerToken: 'x', host: 'web-1', pid: 42, label: 'import 17' },
      }),
      'LOCK_BUSY',
      /"order:7" is locked by "import 17" \(process 42 on web-1\), still so after 12 ms/,
      /longer `wait`/,
    ],
    [
      new LockBusyError({
        resources: RESOURCES,
        waitedMs: 12.4,
        holder: { ownerToken: 'x', host: 'web-1', pid: 42, label: 'import 17' },
      }),
      'LOCK_BUSY',
      /"order:7" is locked by "import 17", another caller of this process, still so/,
      /onBusy/,
    ],
    [
      new LockBusyError({ resources: RESOURCES, waitedMs: 12.4, votes: [{ node: 'a', vote: 'denied' }] }),
      'LOCK_BUSY',
      /"order:7" is locked by another owner, still so after 12 ms/,
      /Try again later, pass a longer `wait`/,
    ],
    [
      new LockBusyError({
        resources: RESOURCES,
        waitedMs: 12.4,
        votes: [{ node: 'a', vote: 'denied' }],
        neverExpires: true,
        holder: { ownerToken: 'by hand' },
      }),
      'LOCK_BUSY',
      /"order:7" is locked by a key without an expiry, which is no lock of this library, still so after 12 ms/,
      /Waiting does not help: find out who wrote it/,
    ],
    [
      new LockBusyError({
        resources: RESOURCES,
        waitedMs: 12.4,
        votes: [{ node: 'a', vote: 'denied' }],
        neverExpires: true,
      }),
      'LOCK_BUSY',
      /"order:7" is locked by a key without an expiry, which is no lock of this library, still so after 12 ms/,
      /look what it is .*inspect.* Remove a string with release --force, and any other key with a client of the server/,
    ],
    [
      new LockBusyError({
        resources: RESOURCES,
        waitedMs: 12.4,
        votes: [
          { node: 'a', vote: 'denied' },
          { node: 'b', vote: 'granted' },
          { node: 'c', vote: 'denied' },
        ],
      }),
      'LOCK_BUSY',
      /"order:7" was granted by 1 of 3 nodes, which is no majority: several callers asked at the same moment, or another owner/,
      /Try again later/,
    ],
    [
      new LockLimitError({
        ...{ resources: RESOURCES, waitedMs: 12.4, limit: 5, permits: 1, reason: 'limit' },
        votes: ['a', 'b', 'c'].map((node) => ({ node, vote: 'granted' })),
      }),
      'LOCK_LIMIT',
      /may be held 5 times at once, and several callers asked at the same moment, so that no majority of the nodes granted/,
      /Try again later/,
    ],
    [
      new LockBusyError({ resources: RESOURCES, waitedMs: 0 }),
      'LOCK_BUSY',
      /another caller of this process/,
      /use tryAcquire\(\) or onBusy/,
    ],
    [
      new LockUnavailableError({
        resources: RESOURCES,
        waitedMs: 500,
        votes: [
          { node: 'a', vote: 'failed', error: REFUSED },
          { node: 'b', vote: 'granted' },
          { node: 'c', vote: 'pending' },
        ],
      }),
      'LOCK_UNAVAILABLE',
      /: 1 of 3 failed \(ECONNREFUSED\), 1 granted, 1 pending; gave up after 500 ms/,
      /Check that a majority of the nodes is up/,
    ],
    [
      new LockUnavailableError({
        resources: RESOURCES,
        waitedMs: 500,
        votes: [{ node: 'a', vote: 'failed', error: REFUSED }],
        wanted: 'release',
      }),
      'LOCK_UNAVAILABLE',
      /was removed: 1 of 1 failed \(ECONNREFUSED\); gave up after 500 ms/,
      /look with inspect\(\) before you try again/,
    ],
    [
      new LockUnavailableError({ resources: RESOURCES, waitedMs: 0, votes: [] }),
      'LOCK_UNAVAILABLE',
      /The lock service is closed/,
      /Ask for locks before the application shuts down/,
    ],
    [new CallerLeftError(), 'LOCK_CALLER_LEFT', /The caller has left/, /Stop what may be stopped/],
    [lost('expired'), 'LOCK_LOST', /its validity ended/, /raise `ttl`/],
    [lost('gone'), 'LOCK_LOST', /a majority of the nodes says/, /find who deleted the key/],
    [
      new LockLostError({ resources: RESOURCES, reason: 'gone', isTicket: true }),
      'LOCK_LOST',
      /a majority of the nodes does not have it any more, so it cannot be resumed/,
      /before detach\(\)/,
    ],
    [lost('max-hold'), 'LOCK_LOST', /held for `maxHold`/, /Raise `maxHold`/],
    [lost('closed'), 'LOCK_LOST', /shut down/, /Raise `shutdownTimeout`/],
    [lost('released'), 'LOCK_LOST', /released before/, /Do not use a lock after release/],
    [lost('too-short'), 'LOCK_LOST', /too little/, /Extend it first/],
    [
      new LockReentrancyError(RESOURCES, 'why.'),
      'LOCK_REENTRANCY',
      /"order:7" is already locked by the code/,
      /why/,
    ],
    [
      new LockNotBoundError('A.b', undefined),
      'LOCK_NOT_BOUND',
      /A\.b is locked, but/,
      /call bindLockService/,
    ],
    [new LockNotBoundError('A.b', 'x'), 'LOCK_NOT_BOUND', /lock service named "x"/, /\{ name: "x", … \}/],
    [
      new LockNotBoundError('A.b', 'x', 'too-early'),
      'LOCK_NOT_BOUND',
      /no lock service named "x" yet/,
      /onModuleInit/,
    ],
    [
      new LockNotBoundError('A.b', undefined, 'detached'),
      'LOCK_NOT_BOUND',
      /without its object/,
      /\(\.\.\.args\) =>/,
    ],
    [new LockOptionsError('ttl', 'do this.'), 'LOCK_OPTIONS_INVALID', /^ttl: /, /do this/],
    [new LockKeyError('Do that.', 7), 'LOCK_KEY_INVALID', /Do that/, /Do that/],
  ])('%s says what happened and then what to do', (error, code, what, remedy) => {
    expect(error).toBeInstanceOf(LockError);
    expect(error.name).toBe(error.constructor.name);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(what);
    expect(error.message).toMatch(remedy);
    expect(error.message).toMatch(/\.$/);
  });

  it('about many resources names the first three', () => {
    const error = new LockBusyError({ resources: ['a', 'b', 'c', 'd', 'e'], waitedMs: 0 });

    expect(error.message).toContain('"a", "b", "c" and 2 more');
    expect(error.resources).toHaveLength(5);
  });

  it.each<[string, LockError]>([
    ['a resource', new LockBusyError({ resources: ['a\u202e\u200b\u{e0041}'], waitedMs: 0 })],
    [
      'a reason',
      new LockUnavailableError({ resources: ['a'], waitedMs: 0, votes: failing('x\u001b[2J\n\u00a0') }),
    ],
    ['an option', new LockOptionsError('tt\u200bl', 'do this.').at('here\u2066')],
    ['a key', new LockKeyError('Do \u0085that.', 7)],
  ])('shows no control and no invisible character of %s', (_, error) => {
    expect(error.message).toMatch(/^[ -~]*$/);
    expect(error.message).toContain('\\u');
  });

  it('about a resource of a client shows the beginning of a long name', () => {
    const error = new LockBusyError({ resources: ['x'.repeat(1_024)], waitedMs: 0 });

    expect(error.message.length).toBeLessThan(500);
    expect(error.resources).toEqual(['x'.repeat(1_024)]);
  });

  it('about an outage names no node, and tells the reasons without addresses', () => {
    const reasons: [string, string?][] = [
      ['connect ECONNREFUSED 10.0.0.1:6379', 'ECONNREFUSED'],
      ['getaddrinfo ENOTFOUND locks-a', 'ENOTFOUND'],
      ['all Sentinels are unreachable, last error: getaddrinfo EAI_AGAIN locks-a'],
      ['the server is a replica', 'REPLICA'],
      ['MOVED 7 10.0.0.1:6379', 'MOVED'],
      ['not connected to redis://app:secret@locks-a'],
      ['locks-a:6379 is closed'],
      ['/run/locks-a.sock is gone', 'no code\n'],
      ['no answer within 500 ms'],
      ['no answer within 500 ms'],
      ['it may want TLS. Write rediss:// instead', 'NOT_CONNECTED'],
      ["ERR unknown command 'evalsha'", 'ERR'],
      ['ERR something at 10.0.0.1:6379', 'ERR'],
    ];
    const votes = reasons.map(([text, code]) => ({
      ...{ node: 'locks-a:6379', vote: 'failed' as const },
      error: Object.assign(new Error(text), code === undefined ? {} : { code }),
    }));

    const { message } = new LockUnavailableError({ resources: RESOURCES, waitedMs: 5, votes });

    expect(message).toContain(
      "13 of 13 failed (ECONNREFUSED; ENOTFOUND; EAI_AGAIN; the server is a replica; MOVED; an error; no answer within 500 ms; it may want TLS; ERR unknown command 'evalsha'); gave up after 5 ms",
    );
    expect(message).not.toMatch(/locks-a|10\.0|6379|secret/);
  });

  it('about an outage has the first failure as its cause', () => {
    const votes = [
      { node: 'a', vote: 'granted' } as const,
      { node: 'b', vote: 'failed', error: REFUSED } as const,
    ];

    expect(new LockUnavailableError({ resources: RESOURCES, waitedMs: 0, votes }).cause).toBe(REFUSED);
  });
});
