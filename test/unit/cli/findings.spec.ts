import { findingsAboutFleet } from '../../../lib/cli/doctor/fleet-findings';
import { findingsAboutNode } from '../../../lib/cli/doctor/node-findings';
import type { NodeFacts, Refusal, ServerFacts } from '../../../lib/cli/doctor/node-facts';

const INFO = {
  ...{ role: 'master', redis_version: '7.0.15', run_id: 'one', uptime_in_seconds: '86400' },
  ...{ used_memory: '1048576', connected_clients: '4', maxclients: '100', master_replid2: '0' },
  ...{ maxmemory: '0', maxmemory_policy: 'noeviction', aof_enabled: '0', cluster_enabled: '0' },
};

function server(info: Partial<Record<string, string>> = {}, more: Partial<ServerFacts> = {}): ServerFacts {
  return {
    server: 'a:6379',
    database: 0,
    info: { ...INFO, ...info },
    appendfsync: 'everysec',
    save: '',
    latency: { bestMs: 1, medianMs: 1, worstMs: 2 },
    clock: { offsetMs: 0, toleranceMs: 1 },
    ...more,
  };
}

function node(facts: ServerFacts, more: Partial<NodeFacts> = {}): NodeFacts {
  return { node: 'a:6379', isCluster: false, servers: [facts], refusals: [], ...more };
}

function find(facts: NodeFacts, check: string) {
  return findingsAboutNode(facts, 'lock:', 60_000).filter((finding) => finding.check === check);
}

describe('findings about a node', () => {
  it('are all fine for a master with nothing unusual', () => {
    const findings = findingsAboutNode(node(server()), 'lock:', 60_000);

    expect(new Set(findings.map(({ level }) => level))).toEqual(new Set(['ok']));
  });

  it.each([
    ['role', { role: 'slave', master_host: 'b', master_port: '1' }, 'error', 'a replica of b:1'],
    ['role', { role: 'sentinel' }, 'error', 'a sentinel, no master'],
    ['role', { role: undefined }, 'unknown', 'cannot tell'],
    ['version', { redis_version: '6.0.16' }, 'error', 'older than 6.2'],
    ['version', { redis_version: '5.3.0' }, 'error', 'older than 6.2'],
    ['version', { redis_version: '6.2.0' }, 'ok', '6.2.0'],
    ['version', { redis_version: '10.0.0' }, 'ok', '10.0.0'],
    ['version', { redis_version: undefined }, 'unknown', 'cannot tell'],
    ['version', { redis_version: 'unstable' }, 'unknown', 'cannot tell'],
    ['version', { valkey_version: '8.1.0' }, 'ok', 'Valkey 8.1.0'],
    ['version', { redis_version: '7.2.4', redict_version: '7.3.6' }, 'ok', 'Redict 7.3.6'],
    [
      'version',
      { redis_version: '7.2.4', server_name: 'valkey', valkey_version: '9.1.2' },
      'ok',
      'Valkey 9.1.2',
    ],
    ['version', { redis_version: '7.4.0', server_name: 'other', other_version: '2.1' }, 'ok', 'other 2.1'],
    ['version', { redis_version: '7.4.0', server_name: 'other' }, 'ok', 'other 7.4.0'],
    ['uptime', { uptime_in_seconds: '59' }, 'warn', 'started 59 s ago'],
    ['uptime', { uptime_in_seconds: '60' }, 'ok', 'up for 1 min'],
    ['uptime', { uptime_in_seconds: undefined }, 'unknown', 'cannot tell'],
    ['eviction', { maxmemory: '1000', maxmemory_policy: 'allkeys-lru' }, 'error', 'allkeys-lru'],
    ['eviction', { maxmemory: '1000', maxmemory_policy: 'volatile-ttl' }, 'error', 'volatile-ttl'],
    ['eviction', { maxmemory: '0', maxmemory_policy: 'allkeys-lru' }, 'ok', 'never evicts'],
    ['eviction', { maxmemory_policy: undefined }, 'unknown', 'cannot tell'],
    ['eviction', { maxmemory: undefined, maxmemory_policy: 'allkeys-lru' }, 'unknown', 'cannot tell'],
    ['memory', {}, 'ok', '1.0 MB used, no maxmemory'],
    ['memory', { used_memory: '83886079', maxmemory: '104857600' }, 'ok', '80.0 MB of 100.0 MB used (80 %)'],
    ['memory', { used_memory: '83886080', maxmemory: '104857600' }, 'warn', '80.0 MB of 100.0 MB'],
    ['memory', { used_memory: '104857600', maxmemory: '104857600' }, 'error', '(100 %)'],
    ['memory', { used_memory: undefined }, 'unknown', 'cannot tell'],
    ['persistence', { aof_enabled: '1' }, 'ok', 'a crash forgets the last seconds'],
    ['persistence', { aof_enabled: undefined }, 'unknown', 'cannot tell'],
    ['persistence', { aof_enabled: '1', aof_last_write_status: 'err' }, 'warn', 'aof_last_write_status: err'],
    ['persistence', { aof_enabled: '0', aof_last_write_status: 'err' }, 'ok', 'nothing on disk'],
    // Nobody takes snapshots, so one that failed once is of no importance.
    ['persistence', { aof_enabled: '0', rdb_last_bgsave_status: 'err' }, 'ok', 'nothing on disk'],
    ['cluster', { cluster_enabled: '1' }, 'error', 'one server of a Redis Cluster'],
    ['shared', { db0: 'keys=7,expires=7,avg_ttl=1' }, 'ok', 'no keys'],
    ['shared', { db0: 'keys=7,expires=6,avg_ttl=1' }, 'warn', '1 key without an expiry in database 0'],
    ['shared', { db3: 'keys=7,expires=7,avg_ttl=1,subexpiry=0' }, 'warn', '7 keys in database 3'],
    [
      'shared',
      { db0: 'keys=9,expires=7', db12: 'keys=1,expires=1' },
      'warn',
      '2 keys without an expiry in database 0, 1 key in database 12',
    ],
    ['shared', { db0: 'nothing known', dbx: 'keys=7,expires=1' }, 'ok', 'no keys'],
    ['clients', {}, 'ok', '4 of 100 connections in use (4 %)'],
    ['clients', { connected_clients: '79' }, 'ok', '79 of 100'],
    ['clients', { connected_clients: '80' }, 'warn', '80 of 100'],
    [
      'clients',
      { connected_clients: '70', connected_slaves: '4', cluster_connections: '6' },
      'warn',
      '80 of 100',
    ],
    ['clients', { connected_clients: '98' }, 'warn', '(98 %)'],
    ['clients', { connected_clients: '99' }, 'error', '(99 %)'],
    ['clients', { connected_clients: '101' }, 'error', '(101 %)'],
    ['clients', { maxclients: undefined }, 'unknown', 'cannot tell'],
    ['clients', { connected_clients: undefined }, 'unknown', 'cannot tell'],
  ])('%s: %j is %s', (check, info, level, says) => {
    expect(find(node(server(info)), check)).toMatchObject([
      { level, message: expect.stringContaining(says) as unknown },
    ]);
  });

  it.each<[string, Partial<ServerFacts>, string, string]>([
    ['persistence', { save: undefined }, 'unknown', 'CONFIG is refused'],
    ['persistence', { save: '' }, 'ok', 'nothing on disk'],
    ['persistence', { save: '3600 1' }, 'ok', 'snapshots only'],
    [
      'persistence',
      { save: '3600 1', info: { ...INFO, rdb_last_bgsave_status: 'err' } },
      'warn',
      'rdb_last_bgsave_status: err',
    ],
    ['latency', { latency: { bestMs: 50, medianMs: 55, worstMs: 60 } }, 'warn', '55 ms'],
    ['latency', { latency: { bestMs: 49, medianMs: 55, worstMs: 60 } }, 'ok', '49 ms at best'],
    ['latency', { latency: undefined }, 'unknown', 'PING is refused'],
    ['clock', { clock: { offsetMs: -1_100, toleranceMs: 50 } }, 'warn', '1.1 s behind'],
    ['clock', { clock: { offsetMs: 1_100, toleranceMs: 200 } }, 'ok', '1.1 s ahead of'],
    ['clock', { clock: undefined }, 'unknown', 'TIME is refused'],
    ['info', { info: undefined }, 'unknown', 'INFO is refused'],
    ['shared', { database: 2, info: { db0: 'keys=3,expires=3' } }, 'warn', '3 keys in database 0'],
    ['shared', { database: 2, info: { db2: 'keys=3,expires=3' } }, 'ok', 'no keys'],
  ])('%s: %j is %s', (check, more, level, says) => {
    expect(find(node(server({}, more)), check)).toMatchObject([
      { level, message: expect.stringContaining(says) as unknown },
    ]);
  });

  it('say that nothing is forgotten only where each write is on disk before it is answered', () => {
    const always = server({ aof_enabled: '1' }, { appendfsync: 'always' });

    expect(find(node(always), 'persistence')[0]?.message).toContain('a restart forgets nothing');
    expect(find(node(server({ aof_enabled: '1' }, { appendfsync: undefined })), 'persistence')).toMatchObject(
      [{ level: 'unknown', message: expect.stringContaining('CONFIG is refused') as unknown }],
    );
  });

  it('tell for how much longer a young server is to be left alone', () => {
    expect(find(node(server({ uptime_in_seconds: '50' })), 'uptime')[0]?.fix).toContain('another 10 s');
  });

  it('count the processes that the server has room for', () => {
    const meaningOf = (connected_clients: string) =>
      find(node(server({ connected_clients })), 'clients')[0]?.meaning;

    expect(meaningOf('95')).toContain('room for 2 more');
    expect(meaningOf('99')).toContain('room for 0 more');
    expect(meaningOf('101')).toContain('room for 0 more');
    expect(meaningOf('4')).toBeUndefined();
  });

  it('tell of a young server of a cluster who counts it, and who does not yet', () => {
    const young = (info: Record<string, string> = {}) => server({ uptime_in_seconds: '50', ...info });
    const meaningIn = (isCluster: boolean, ...servers: ServerFacts[]) =>
      findingsAboutNode({ ...node(young()), isCluster, servers }, 'lock:', 60_000).find(
        ({ check, level }) => check === 'uptime' && level === 'warn',
      )?.meaning;
    const [forgetful, joined] = ['may have forgotten locks', 'no vote of the whole cluster for another 10 s'];

    expect(meaningIn(true, server(), young())).toContain(joined);
    expect(meaningIn(true, young(), young())).toContain(forgetful);
    // It took the place of another.
    expect(meaningIn(true, server(), young({ master_replid2: 'f00' }))).toContain(forgetful);
    expect(meaningIn(true, server(), young({ role: 'slave' }))).toContain(forgetful);
    expect(meaningIn(false, young())).toContain(forgetful);
  });

  it('name the keys and the channels that the user has to get', () => {
    const meaningOf = (error: string, more: Partial<Refusal> = {}) =>
      find(node(server(), { refusals: [{ what: 'lock', error, ...more }] }), 'rights')[0]?.meaning;
    const keys = 'lock:*, among them lock:#fence:*';

    // Redis 7.0, and since 7.2.
    expect(meaningOf('NOPERM this user has no permissions to access one of the keys used')).toContain(keys);
    expect(meaningOf('NOPERM No permissions to access a key')).toContain(keys);
    expect(meaningOf('NOPERM No permissions to access a channel', { meaning: 'waiters poll' })).toBe(
      'waiters poll; its channels have the names of the keys, lock:*',
    );
    expect(meaningOf("NOPERM User tiny has no permissions to run the 'set' command")).not.toContain('lock:*');
    expect(meaningOf('ERR no such key')).not.toContain('lock:*');
  });

  it('say which locks the node has no vote for, where it has one for others', () => {
    const refusals = ['b', 'c', 'b'].map((affected) => ({ what: affected, error: 'odd', affected }));
    const [some] = find(node(server(), { refusals }), 'rights');
    const all = [...refusals, { what: 'lock', error: 'odd' }];

    expect(some).toMatchObject({ level: 'error', meaning: 'this node has no vote for b, nor for c' });
    expect(find(node(server(), { refusals: all }), 'rights')[0]?.meaning).toContain('does not count');
  });

  it('name what is refused once per reason, with one line that grants all of it', () => {
    const refusals = [
      { what: 'extend', error: "NOPERM 'evalsha'" },
      { what: 'release', error: "NOPERM 'evalsha'" },
      { what: 'listen', error: "NOPERM 'subscribe'", meaning: 'waiters poll' },
    ];

    const [scripts, listening, ...more] = find(node(server(), { refusals }), 'rights');

    expect(scripts).toMatchObject({ level: 'error', message: "cannot extend, release: NOPERM 'evalsha'" });
    expect(scripts?.fix).toMatch(/^ACL SETUSER <user> ~lock:\* ~line:\* &lock:\* .*\+evalsha/);
    expect(listening).toMatchObject({ level: 'warn', meaning: 'waiters poll', fix: undefined });
    expect(more).toEqual([]);
  });

  it('are an error where one reason keeps from locking and from listening', () => {
    const refusals = [
      { what: 'listen', error: 'timeout', meaning: 'waiters poll' },
      { what: 'lock', error: 'timeout' },
    ];

    expect(find(node(server(), { refusals }), 'rights')).toMatchObject([{ level: 'error', fix: undefined }]);
  });

  it('say what to do about a command that the server does not know', () => {
    const refusals = [{ what: 'extend', error: "ERR unknown command 'evalsha'" }];

    expect(find(node(server(), { refusals }), 'rights')).toMatchObject([
      { level: 'error', fix: expect.stringContaining('rename-command') as unknown },
    ]);
  });

  it('say nothing of the rights on a server that refuses for what it is', () => {
    const refusals = [{ what: 'lock', error: 'READONLY' }];
    const levelOn = (info: Record<string, string>, more?: Partial<NodeFacts>) =>
      find(node(server(info), { refusals, ...more }), 'rights').map(({ level }) => level);

    expect(levelOn({ role: 'slave' })).toEqual([]);
    expect(levelOn({ cluster_enabled: '1' })).toEqual([]);
    expect(levelOn({ cluster_enabled: '1' }, { isCluster: true })).toEqual(['error']);
  });

  it.each([
    ['WRONGPASS invalid username-password pair', 'check user and password'],
    ['NOPERM No permissions to access database', 'name a database in its URL that the user may use'],
    ['NOAUTH Authentication required.', 'check user and password'],
    ["not connected: NOPERM User tiny has no permissions to run the 'select' command", 'the ACL of the user'],
    ['not connected: BUSY Redis is busy running a script', 'SCRIPT KILL'],
    ['not connected: the server runs in protected mode: it has no password', 'give the server a password'],
    ['not connected: LOADING Redis is loading the dataset in memory', 'wait until it has loaded'],
    ['connect ECONNREFUSED 127.0.0.1:1', 'start it'],
  ])('are one when it cannot be reached: %s', (error, fix) => {
    const facts = { node: 'a:6379', isCluster: false, servers: [], refusals: [], error };

    expect(findingsAboutNode(facts, 'lock:', 60_000)).toMatchObject([
      { level: 'error', check: 'reachable', fix: expect.stringContaining(fix) as unknown },
    ]);
  });

  it('name the server of a cluster that they are about', () => {
    const cluster = node(server(), { node: 'c:1', isCluster: true });

    expect(find(cluster, 'role')).toMatchObject([{ node: 'c:1 a:6379' }]);
    expect(find(cluster, 'cluster')).toMatchObject([{ node: 'c:1' }]);
  });

  it('tell of a cluster whose slots are not all served', () => {
    const cluster = { cluster_state: 'ok', cluster_slots_ok: '16384' };
    const level = (lines: Record<string, string> | undefined) =>
      find(node(server({ cluster_enabled: '1' }), { isCluster: true, cluster: lines }), 'cluster')[0]?.level;

    expect([
      level(cluster),
      level({ ...cluster, cluster_slots_ok: '16000' }),
      level({ ...cluster, cluster_state: 'fail' }),
      level(undefined),
    ]).toEqual(['ok', 'error', 'error', 'unknown']);
  });
});

describe('findings about all nodes together', () => {
  const fleet = (...runIds: (string | undefined)[]): NodeFacts[] =>
    runIds.map((run_id, at) => node(server({ run_id }), { node: `n${at}` }));
  const levels = (nodes: NodeFacts[]) =>
    Object.fromEntries(findingsAboutFleet(nodes).map(({ check, level }) => [check, level]));

  it.each([
    [['a'], 'warn'],
    [['a', 'b'], 'warn'],
    [['a', 'b', 'c'], 'ok'],
    [['a', 'b', 'c', 'd'], 'warn'],
    [['a', 'b', 'c', 'd', 'e'], 'ok'],
  ])('weigh the number of %j', (runIds, level) => {
    expect(levels(fleet(...runIds)).nodes).toBe(level);
  });

  it('find a server that is there twice, and do not guess about one that does not tell', () => {
    expect(findingsAboutFleet(fleet('a', 'b', 'a')).filter(({ level }) => level === 'error')).toMatchObject([
      { check: 'identity', node: 'n2', message: expect.stringContaining('the same server as n0') as unknown },
    ]);
    expect(
      findingsAboutFleet(fleet('a', 'a', 'a'))
        .filter(({ check }) => check === 'identity')
        .map(({ node: name, message }) => [name, message.slice(0, 21)]),
    ).toEqual([
      ['n1', 'the same server as n0'],
      ['n2', 'the same server as n0'],
    ]);
    expect(levels(fleet('a', 'b', 'c')).identity).toBe('ok');
    expect(levels(fleet('a')).identity).toBeUndefined();
    expect(findingsAboutFleet(fleet('a', 'b', undefined))).toContainEqual(
      expect.objectContaining({ check: 'identity', level: 'unknown' }),
    );
  });

  it.each([
    [3, 0, 'ok', '3 of 3 nodes answer; a lock needs 2', undefined],
    [3, 1, 'warn', '2 of 3 nodes answer; a lock needs 2', 'if one more fails, no lock can be acquired'],
    [4, 1, 'warn', '3 of 4 nodes answer; a lock needs 3', 'if one more fails, no lock can be acquired'],
    [5, 1, 'warn', '4 of 5 nodes answer; a lock needs 3', 'only 1 more may fail'],
    [5, 2, 'warn', '3 of 5 nodes answer; a lock needs 3', 'if one more fails, no lock can be acquired'],
    [3, 2, 'error', '1 of 3 nodes answer; a lock needs 2', 'no lock can be acquired now'],
  ])('count on those that answer: of %i nodes %i do not', (count, gone, level, message, meaning) => {
    const nodes = fleet(...['a', 'b', 'c', 'd', 'e'].slice(0, count)).map((one, at) =>
      at < gone ? { ...one, error: 'gone', servers: [] } : one,
    );

    const [finding] = findingsAboutFleet(nodes).filter(({ check }) => check === 'quorum');

    expect(finding).toMatchObject({ level, message });
    expect(finding?.meaning).toBe(meaning);
    // An even number stays one.
    expect(levels(nodes).nodes).toBe(count % 2 === 0 ? 'warn' : 'ok');
  });

  it('do not count on those that answer and refuse every lock', () => {
    const nodes = fleet('a', 'b', 'c').map((one, at) => ({
      ...one,
      refusals: at < 2 ? [{ what: 'lock', error: 'OOM' }] : [{ what: 'lock in a batch', error: 'NOPERM' }],
    }));

    const [finding] = findingsAboutFleet(nodes).filter(({ check }) => check === 'quorum');

    expect(finding).toMatchObject({
      level: 'error',
      message: '3 of 3 nodes answer, and 1 grant locks; a lock needs 2',
    });
  });

  it('compare the clocks', () => {
    const at = (offsetMs: number, toleranceMs: number) =>
      node(server({ run_id: String(offsetMs) }, { clock: { offsetMs, toleranceMs } }));
    const apart = (ms: number, toleranceMs = 1) =>
      levels([at(-ms / 2, toleranceMs), at(ms / 2, toleranceMs)]).clocks;

    // Each reading may be off by so much, and so the difference by twice of it.
    expect([apart(500), apart(1_500), apart(1_500, 300)]).toEqual(['ok', 'warn', 'ok']);
    expect(levels([at(0, 1)]).clocks).toBeUndefined();
  });
});
