import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Redis from 'ioredis';
import { createLockService } from '../../lib/service/create-lock-service';
import type { LockService } from '../../lib/service/lock.service';
import { cellsOf, Cli } from '../helpers/cli';
import { startRedisCluster } from '../helpers/redis-cluster';
import { RedisServer, startRedisServers } from '../helpers/redis-server';
import { TcpProxy } from '../helpers/tcp-proxy';
import { until } from '../helpers/until';

const NOT_ALONE = 30_000;

describe('the nestjs-redlock program', () => {
  let cli: Cli;
  let servers: RedisServer[];
  let nodes: string;
  let locks: LockService;

  beforeAll(async () => {
    cli = new Cli();
    servers = await startRedisServers(3);
    nodes = servers.map(({ url }) => url).join(',');
    locks = createLockService({ nodes: servers.map(({ url }) => url), defaults: { ttl: NOT_ALONE } });
    await locks.withLock('ready', () => undefined);
  });

  afterEach(async () => {
    await Promise.all(servers.map((server) => server.command('FLUSHALL')));
  });

  afterAll(async () => {
    await locks.close();
    await Promise.all(servers.map((server) => server.stop()));
    cli.dispose();
  });

  async function json(...args: string[]): Promise<{ code: number | null; body: Record<string, unknown> }> {
    const { code, out, err } = await cli.run([...args, '--json', '--nodes', nodes]);
    if (out === '') throw new Error(err);
    return { code, body: JSON.parse(out) as Record<string, unknown> };
  }

  describe('ls', () => {
    it('tells who holds what on how many nodes, for people', async () => {
      await using lock = await locks.acquire('order:7');

      // Whoever has answered is waited for no longer.
      const { code, out, err } = await cli.run(['ls', '--timeout', '600000', '--nodes', nodes]);

      const [heading, row = []] = cellsOf(out);
      expect(heading).toEqual(['RESOURCE', 'STATE', 'HOLDER', 'TTL LEFT', 'NODES']);
      expect(row).toEqual([
        'order:7',
        'held',
        expect.stringContaining(`:${process.pid} `),
        expect.stringMatching(/^\d+ s$/),
        '3 of 3',
      ]);
      expect({ code, err, isHeld: lock.isHeld }).toEqual({ code: 0, err: '', isHeld: true });
    });

    it('tells what the holder calls itself, also to who waits for it in vain', async () => {
      await using _lock = await locks.acquire('order:7', { label: 'import 17' });
      const others = createLockService({ nodes: servers.map(({ url }) => url) });

      const { out } = await cli.run(['ls', '--timeout', '600000', '--nodes', nodes]);
      const { body } = await json('inspect', 'order:7');
      const asking = others.acquire('order:7', { wait: 300 });

      expect(cellsOf(out)[1]?.[2]).toMatch(/ "import 17"$/);
      expect(body['holder']).toMatchObject({ label: 'import 17', pid: process.pid });
      await expect(asking).rejects.toMatchObject({ holder: { label: 'import 17' } });
      await expect(asking).rejects.toThrow(`is locked by "import 17" (process ${process.pid} on `);
      await others.close();
    });

    it('tells apart what is held, partial, contested, and no lock', async () => {
      await using _lock = await locks.acquire(['order:7', 'order:[8]'], { fencing: true });
      const [a, b, c] = servers as [RedisServer, RedisServer, RedisServer];
      await a.command('SET', 'lock:left', 'foreign', 'PX', 60_000);
      await a.command('SET', 'lock:split', 'one', 'PX', 60_000);
      await b.command('SET', 'lock:split', 'two', 'PX', 60_000);
      await c.command('SET', 'lock:split', 'three');
      await c.command('HSET', 'lock:hash', 'field', 'value');
      await c.command('SET', 'other:string', 'value');

      const { code, body } = await json('ls');

      expect(code).toBe(0);
      expect(body).toMatchObject({ keyPrefix: 'lock:', quorum: 2, truncated: false });
      expect(body.nodes).toEqual(servers.map(({ port }) => ({ node: `127.0.0.1:${port}`, error: null })));
      expect(body.locks).toEqual([
        expect.objectContaining({ resource: 'hash', state: 'foreign', foreignType: 'hash', nodeCount: 1 }),
        expect.objectContaining({
          resource: 'left',
          state: 'partial',
          nodeCount: 1,
          holder: { ownerToken: 'foreign', host: null, pid: null, serviceId: null, label: null },
        }),
        expect.objectContaining({
          resource: 'order:7',
          state: 'held',
          nodeCount: 3,
          holder: expect.objectContaining({ pid: process.pid }) as unknown,
        }),
        expect.objectContaining({ resource: 'order:[8]', state: 'held', nodeCount: 3 }),
        expect.objectContaining({
          resource: 'split',
          state: 'contested',
          holder: null,
          ttlMs: null,
          nodeCount: 3,
          owners: expect.arrayContaining([
            { node: `127.0.0.1:${c.port}`, ownerToken: 'three', ttlMs: null },
          ]) as unknown,
        }),
      ]);
    });

    it('leaves out fencing counters also where the prefix does not keep them apart', async () => {
      await using _lock = await locks.acquire('order:7', { fencing: true });

      const { body } = await json('ls', '--prefix', '');

      expect((body.locks as { resource: string }[]).map(({ resource }) => resource)).toEqual([
        'lock:order:7',
      ]);
    });

    it('narrows the list by a pattern and a limit, and takes prefix and nodes from the environment', async () => {
      for (const name of ['a*1', 'a*2', 'a*3', 'b']) await servers[0]?.command('SET', `p[1]:${name}`, 'x');

      const env = { REDIS_NODES: nodes, REDLOCK_KEY_PREFIX: 'p[1]:' };
      const { out } = await cli.run(['ls', '--json', '--pattern', 'a\\**', '--limit', '2'], env);

      const body = JSON.parse(out) as { truncated: boolean; locks: { resource: string }[] };
      expect(body.truncated).toBe(true);
      expect(body.locks.map(({ resource }) => resource)).toHaveLength(2);
      expect(body.locks.every(({ resource }) => resource.startsWith('a*'))).toBe(true);
    });

    it('tells more than a single reply of SCAN has, from a Redis Cluster that counts as one node too', async () => {
      const cluster = await startRedisCluster(3);
      const all = createLockService({
        nodes: [
          new Redis.Cluster([cluster[0]?.url ?? ''], { lazyConnect: true }),
          ...nodes.split(',').slice(1),
        ],
      });
      try {
        await all.withLock('ready', () => undefined);
        await using _lock = await all.acquire(Array.from({ length: 600 }, (_, at) => `many:${at}`));
        const mixed = [`redis+cluster://127.0.0.1:${cluster[0]?.port}`, ...nodes.split(',').slice(1)].join(
          ',',
        );

        const { code, out } = await cli.run(['ls', '--json', '--nodes', mixed]);
        const found = (JSON.parse(out) as { locks: { state: string; nodeCount: number }[] }).locks;

        expect(code).toBe(0);
        expect(found).toHaveLength(600);
        expect(new Set(found.map(({ state, nodeCount }) => `${state} ${nodeCount}`))).toEqual(
          new Set(['held 3']),
        );

        const ofOne = await cli.run(['ls', '--nodes', cluster[0]?.url ?? '']);
        expect(ofOne.err).toMatch(/one server of a Redis Cluster, so the locks of the others are missing/);

        const watching = cli.start(['watch', '--nodes', cluster[0]?.url ?? '']);
        await until('it complains', () => watching.err.includes('one server of a Redis Cluster'));
        await watching.interrupt('SIGTERM');

        const examined = await cli.run(['doctor', '--json', '--max-ttl', '1', '--nodes', mixed]);
        const { nodes: reports, findings } = JSON.parse(examined.out) as DoctorReport;
        expect(reports.map(({ servers: own }) => own.length)).toEqual([3, 1, 1]);
        expect(levelsOf(findings, 'cluster')).toEqual(['ok']);
        expect(levelsOf(findings, 'rights')).toEqual(['ok', 'ok', 'ok']);
        expect(examined.code).toBe(0);
      } finally {
        await all.close();
        await Promise.all(cluster.map((server) => server.stop()));
      }
    });

    it('does not judge what a silent node may know, and exits with 3 without a quorum', async () => {
      await servers[0]?.command('SET', 'lock:x', 'token', 'PX', 60_000);
      const [good, dead] = [servers[0]?.url ?? '', 'redis://127.0.0.1:1'];

      const one = await cli.run(['ls', '--json', '--nodes', [good, servers[1]?.url, dead].join(',')]);
      const two = await cli.run(['ls', '--nodes', [good, dead, 'redis://:hunter2@127.0.0.1:2'].join(',')]);

      expect(one.code).toBe(0);
      expect((JSON.parse(one.out) as { locks: unknown[] }).locks).toMatchObject([{ state: 'unknown' }]);
      expect(one.err).toContain('127.0.0.1:1: not connected: connect ECONNREFUSED');
      expect(two.code).toBe(3);
      expect(two.out + two.err).not.toContain('hunter2');
    });
  });

  describe('inspect', () => {
    it('tells who holds a resource, node by node', async () => {
      await using lock = await locks.acquire('order:7');
      await servers[2]?.command('DEL', 'lock:order:7');

      const { code, body } = await json('inspect', 'order:7');
      const { out } = await cli.run(['inspect', 'order:7', '--nodes', nodes]);

      expect(code).toBe(0);
      expect(body).toMatchObject({
        resource: 'order:7',
        state: 'held',
        quorum: 2,
        holder: { ownerToken: lock.ownerToken, pid: process.pid },
        nodes: [
          { status: 'up', ownerToken: lock.ownerToken, error: null },
          { status: 'up', ownerToken: lock.ownerToken, error: null },
          { status: 'up', ownerToken: null, ttlMs: null, error: null },
        ],
      });
      expect(out).toMatch(/^"order:7" is held by \S+ \S+ on 2 of 3 nodes, for \d+ s more/);
      expect(
        cellsOf(out)
          .slice(2)
          .map(([node]) => node),
      ).toEqual(['NODE', ...servers.map(({ port }) => `127.0.0.1:${port}`)]);
    });

    it.each([
      ['free', [], 0],
      ['contested', ['one', 'two', undefined], 1],
    ])('exits for what is %s with a code of its own', async (state, tokens, code) => {
      for (const [at, token] of tokens.entries()) {
        if (token !== undefined) await servers[at]?.command('SET', 'lock:x', token, 'PX', 60_000);
      }

      expect(await json('inspect', 'x')).toMatchObject({ code, body: { state } });
    });

    it('exits with 3 when no quorum answers', async () => {
      const { code, out } = await cli.run([
        ...['inspect', 'x', '--json'],
        ...['--nodes', `${servers[0]?.url ?? ''},redis://127.0.0.1:1,redis://127.0.0.1:2`],
      ]);

      expect({ code, state: (JSON.parse(out) as { state: string }).state }).toEqual({
        code: 3,
        state: 'unknown',
      });
    });
  });

  describe('release', () => {
    it('only says what it would do without --force', async () => {
      await using lock = await locks.acquire('order:7');

      const { code, out } = await cli.run(['release', 'order:7', '--nodes', nodes]);

      expect({ code, isHeld: lock.isHeld }).toEqual({ code: 1, isHeld: true });
      expect(out).toContain('With --force this would remove "order:7" from 3 of 3 nodes; nothing was done.');
      expect(await servers[0]?.command('GET', 'lock:order:7')).toBe(lock.ownerToken);
    });

    it('takes the lock from its holder with --force, and says from how many nodes', async () => {
      const lock = await locks.acquire('order:7');

      const { code, body } = await json('release', 'order:7', '--force');
      const again = await cli.run(['release', 'order:7', '--force', '--nodes', nodes]);

      expect(code).toBe(0);
      expect(body).toMatchObject({
        resource: 'order:7',
        forced: true,
        releasedFrom: 3,
        before: { state: 'held' },
      });
      expect(await servers[0]?.command('EXISTS', 'lock:order:7')).toBe(0);
      expect({ code: again.code, out: again.out }).toEqual({
        code: 1,
        out: '"order:7" is free.\nNothing was released.\n',
      });
      expect(await lock.release()).toBe('expired');
    });
  });

  describe('watch', () => {
    const isAbout =
      (type: string, resource: string, state?: string) =>
      (line: string): boolean => {
        const event = JSON.parse(line) as { type: string; resource?: string; state?: string };
        return (
          event.type === type && event.resource === resource && (state === undefined || event.state === state)
        );
      };

    it('prints a line of JSON as locks come and go, until it is interrupted', async () => {
      const watching = cli.start(['watch', '--json', '--interval', '50', '--nodes', nodes]);
      await servers[0]?.command('SET', 'lock:x', 'token', 'PX', 600_000);
      const partial = JSON.parse(
        await watching.line('x is partial', isAbout('lock', 'x', 'partial')),
      ) as object;
      await servers[1]?.command('SET', 'lock:x', 'token', 'PX', 600_000);
      await watching.line('x is held', isAbout('lock', 'x', 'held'));
      await Promise.all(servers.map((server) => server.command('DEL', 'lock:x')));
      await watching.line('x is gone', isAbout('gone', 'x'));

      const { code, err } = await watching.interrupt();

      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(partial).toEqual({
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as unknown,
        type: 'lock',
        resource: 'x',
        state: 'partial',
        holder: { ownerToken: 'token', host: null, pid: null, serviceId: null, label: null },
        ttlMs: expect.any(Number) as unknown,
        nodeCount: 1,
        owners: [
          {
            node: `127.0.0.1:${servers[0]?.port}`,
            ownerToken: 'token',
            ttlMs: expect.any(Number) as unknown,
          },
        ],
      });
    });

    it('hears of a release at once, and tells it once, however many nodes do', async () => {
      const watching = cli.start(['watch', '--json', '--interval', '600000', '--nodes', nodes]);
      const other = createLockService({ nodes: nodes.split(',') });
      try {
        await untilEach(servers, 'the watcher listens', ['PUBSUB', 'NUMPAT'], (count) => count === 1);
        const first = await locks.acquire('order:7');
        const waiting = other.acquire('order:7');
        await untilEach(servers, 'the other waits', ['PUBSUB', 'NUMSUB', 'lock:order:7'], (reply) =>
          String(reply).endsWith(',1'),
        );
        await first.release();
        const second = await waiting;

        const isReleased = isAbout('released', 'order:7');
        const released = JSON.parse(await watching.line('the release is told', isReleased)) as object;
        // It was told to look again: the interval is far away.
        await watching.line('the next holder is seen', (line) => {
          return isAbout('lock', 'order:7', 'held')(line) && line.includes(second.ownerToken);
        });
        const { code, out } = await watching.interrupt('SIGTERM');

        expect(released).toMatchObject({ holder: { ownerToken: first.ownerToken, pid: process.pid } });
        expect(out.trim().split('\n').filter(isReleased)).toHaveLength(1);
        expect(code).toBe(0);
        await second.release();
      } finally {
        await other.close();
      }
    });

    it('prints lines for people in a pipe, tells of a node that goes away, and ends with its reader', async () => {
      const extra = await RedisServer.start();
      const watching = cli.start(['watch', '--interval', '50', '--nodes', `${nodes},${extra.url}`]);
      try {
        await Promise.all(
          servers.map((server) => server.command('SET', 'lock:x', 'token\u001b[2J', 'PX', 600_000)),
        );
        const held = await watching.line('x is held', (line) => line.includes('held'));
        await extra.kill();
        await watching.line('the node is gone', (line) =>
          line.includes(`node  127.0.0.1:${extra.port}  not connected`),
        );
        watching.stopReading();
        await servers[0]?.command('SET', 'lock:y', 'token', 'PX', 600_000);

        const { code, err } = await watching.ended();

        expect(cellsOf(held)[0]?.slice(1)).toEqual([
          'held',
          'x',
          'token token\\u001b[2J',
          'ttl 10 min',
          '3 nodes',
        ]);
        expect({ code, err }).toEqual({ code: 0, err: '' });
      } finally {
        await extra.stop();
      }
    });
  });

  describe('doctor', () => {
    it('finds nothing wrong with three masters, and leaves nothing behind on them', async () => {
      // Redis counts whole seconds, and a younger one is a reason to warn.
      await untilEach(servers, 'it has run for a second', ['INFO', 'server'], (info) =>
        /uptime_in_seconds:[1-9]/.test(String(info)),
      );
      const [{ code, body }, { out }] = await Promise.all([
        json('doctor', '--max-ttl', '1'),
        cli.run(['doctor', '--max-ttl', '1', '--nodes', nodes]),
      ]);

      const { ok, quorum, reachable, findings, nodes: reports } = body as unknown as DoctorReport;
      expect({ code, ok, quorum, reachable }).toEqual({ code: 0, ok: true, quorum: 2, reachable: 3 });
      // How fast it answers is a matter of what else this machine has to do.
      const steady = findings.filter(({ check }) => !['latency', 'clock', 'clocks'].includes(check));
      expect(new Set(steady.map(({ level }) => level))).toEqual(new Set(['ok']));
      expect(new Set(findings.map(({ check }) => check))).toEqual(
        new Set([
          ...[
            'reachable',
            'role',
            'version',
            'uptime',
            'eviction',
            'memory',
            'shared',
            'clients',
            'persistence',
            'latency',
            'clock',
            'rights',
          ],
          ...['quorum', 'nodes', 'identity', 'clocks'],
        ]),
      );
      expect(reports[0]?.servers).toMatchObject([
        { role: 'master', server: `127.0.0.1:${servers[0]?.port}` },
      ]);
      expect(out).toMatch(/\n(Nothing to change|0 errors, .*)\.\n$/);
      // Counters of fencing tokens are shared with others, and expire.
      const keys = await Promise.all(servers.map((server) => server.command('KEYS', 'lock:*')));
      expect((keys.flat() as string[]).filter((key) => !key.includes('#fence:'))).toEqual([]);
    });

    it('finds what is wrong with each of a fleet of problems, and what to change', async () => {
      const fleet = await startProblems(servers[0] as RedisServer);
      try {
        const { code, out, err } = await cli.run([
          ...['doctor', '--json', '--timeout', '600000'],
          ...['--nodes', fleet.urls.join(',')],
        ]);

        const { findings } = JSON.parse(out) as DoctorReport;
        const of = (position: number, check: string) =>
          findings.filter((finding) => finding.node === fleet.names[position] && finding.check === check);
        expect(of(0, 'role')).toMatchObject([{ level: 'ok' }]);
        expect(of(1, 'role')).toMatchObject([
          { level: 'error', fix: expect.stringContaining('REPLICAOF NO ONE') as unknown },
        ]);
        expect(of(2, 'identity')).toMatchObject([
          {
            level: 'error',
            message: expect.stringContaining(`the same server as ${fleet.names[0] ?? ''}`) as unknown,
          },
        ]);
        expect(of(3, 'eviction')).toMatchObject([
          {
            level: 'error',
            fix: expect.stringContaining('CONFIG SET maxmemory-policy noeviction') as unknown,
          },
        ]);
        expect(of(4, 'rights')).toMatchObject([
          {
            level: 'error',
            message: expect.stringMatching(/extend.*NOPERM.*evalsha/) as unknown,
            fix: expect.stringContaining('ACL SETUSER') as unknown,
          },
          ...[
            [/load a script/, /a second round trip/],
            [/send a script/, /forgotten its scripts/],
            [/publish/, /nobody is told/],
            [/count who listens/, /less fairly/],
            [/listen to releases/, /8 to 128 ms/],
            [/stop listening/, /go on hearing/],
          ].map(([message, meaning]) => ({
            level: 'warn',
            message: expect.stringMatching(message ?? '') as unknown,
            meaning: expect.stringMatching(meaning ?? '') as unknown,
          })),
        ]);
        expect(levelsOf(of(4, 'info').concat(of(4, 'persistence'), of(4, 'clock')))).toEqual([
          'unknown',
          'unknown',
          'unknown',
        ]);
        expect(of(5, 'reachable')).toMatchObject([
          { level: 'error', message: expect.stringContaining('ECONNREFUSED') as unknown },
        ]);
        expect(of(6, 'reachable')).toMatchObject([
          { level: 'error', message: expect.stringContaining('WRONGPASS') as unknown },
        ]);
        expect(of(7, 'cluster')).toMatchObject([
          { level: 'error', fix: expect.stringContaining('redis+cluster://') as unknown },
        ]);
        expect(levelsOf(findings, 'nodes')).toEqual(['warn']);
        // Most of them grant no locks.
        expect(code).toBe(3);
        expect(out + err).not.toMatch(/hunter2|s3cret/);
      } finally {
        await fleet.stop();
      }
    });

    it('is content with a user that has the rights of the line that it suggests', async () => {
      const server = await RedisServer.start({ password: 'root' });
      try {
        const asked = await cli.run([
          'doctor',
          '--json',
          '--max-ttl',
          '1',
          '--nodes',
          `redis://tiny:pw@127.0.0.1:${server.port}`,
        ]);
        expect(asked.code).toBe(3);
        await server.command('ACL', 'SETUSER', 'tiny', 'on', '>pw', '+ping', '+info');
        const nodeOfTiny = `redis://tiny:pw@127.0.0.1:${server.port}`;
        const before = await cli.run(['doctor', '--json', '--nodes', nodeOfTiny]);
        const { findings } = JSON.parse(before.out) as DoctorReport;
        const line = findings.find(({ check, fix }) => check === 'rights' && fix !== null)?.fix ?? '';
        const [, , , ...rights] = line.split(' ');
        await server.command('ACL', 'SETUSER', 'tiny', ...rights);

        const after = await cli.run(['doctor', '--json', '--nodes', nodeOfTiny]);

        expect(before.code).toBe(3);
        expect(levelsOf((JSON.parse(after.out) as DoctorReport).findings, 'rights')).toEqual(['ok']);
      } finally {
        await server.stop();
      }
    });

    it('tells a script whether the nodes are trusted, and waits for that where it is told to', async () => {
      const young = await startRedisServers(1);
      const [server] = young;
      const args = ['doctor', '--nodes', server?.url ?? ''];

      const asked = await cli.run([...args, '--wait-trusted', '1']);
      const strict = await cli.run([...args, '--strict']);
      const waited = await cli.run([...args, '--wait-trusted', '20000', '--max-ttl', '1000']);

      expect([asked.code, strict.code, waited.code]).toEqual([4, 1, 0]);
      await Promise.all(young.map((one) => one.stop()));
    });

    it('tells of keys of others, of room for few more clients, and of a user without fencing tokens', async () => {
      const crowded = await RedisServer.start({
        user: 'tenant on >hunter2 ~lock:[^#]* ~line:* &lock:* +@all',
        args: ['--maxclients', '50'],
      });
      const clients = Array.from({ length: 40 }, () => new Redis(crowded.url));
      try {
        await Promise.all(clients.map((client) => client.ping()));
        const { code, out } = await cli.run([
          ...['doctor', '--json', '--max-ttl', '1'],
          ...['--nodes', `redis://tenant:hunter2@127.0.0.1:${crowded.port}`],
        ]);
        await crowded.command('SET', 'session', 'of others');
        await clients[0]?.multi().select(3).set('cache', 'of others', 'PX', 600_000).exec();
        const { out: shared } = await cli.run(['doctor', '--json', '--nodes', `${crowded.url}/3`]);

        const found = (text: string, check: string) =>
          (JSON.parse(text) as DoctorReport).findings.filter((finding) => finding.check === check);
        expect(code).toBe(1);
        expect(found(out, 'rights')).toMatchObject([
          {
            level: 'error',
            message: expect.stringContaining('cannot lock with a fencing token: NOPERM') as unknown,
            meaning: expect.stringMatching(
              /^this node has no vote for locks with a .*lock:#fence:/,
            ) as unknown,
            fix: expect.stringContaining('~lock:* ~line:* &lock:*') as unknown,
          },
        ]);
        expect(found(out, 'clients')).toMatchObject([
          { level: 'warn', message: expect.stringMatching(/^4\d of 50 connections/) as unknown },
        ]);
        expect(found(out, 'shared')).toMatchObject([{ level: 'ok' }]);
        // What expires in the database of the node may be a lock.
        expect(found(shared, 'shared')).toMatchObject([
          { level: 'warn', message: 'shared with other programs: 1 key in database 0' },
        ]);
      } finally {
        for (const client of clients) client.disconnect();
        await crowded.stop();
      }
    });

    it('blames nobody for the key of its trial on a node that refuses writes', async () => {
      const full = await RedisServer.start({ args: ['--min-replicas-to-write', '1'] });

      const { code, out } = await cli.run(['doctor', '--nodes', full.url]);

      expect(code).toBe(3);
      expect(out).toMatch(/cannot lock, .*NOREPLICAS/);
      expect(out).not.toContain('somebody else');
      await full.stop();
    });

    it('says of a node that cannot write to its disk that it answers and refuses, and why', async () => {
      const broken = await RedisServer.start({ args: ['--enable-protected-configs', 'yes'] });
      await broken.command('CONFIG', 'SET', 'save', '3600 1');
      await broken.command('CONFIG', 'SET', 'dbfilename', 'x'.repeat(300));
      await broken.command('BGSAVE').catch(() => undefined);
      await until('it refuses', () =>
        broken.command('PING').then(
          () => false,
          (error: unknown) => String(error).includes('MISCONF'),
        ),
      );

      const { code, out } = await cli.run(['doctor', '--nodes', broken.url]);

      expect(code).toBe(3);
      expect(out).toMatch(/ok +reachable/);
      expect(out).toMatch(/WARN +persistence .*rdb_last_bgsave_status: err/);
      expect(out).toMatch(/ERROR +rights .*cannot lock, .*MISCONF/);
      expect(out).toContain('1 of 1 nodes answer, and 0 grant locks');
      // A server that cannot save does not end when it is asked to.
      await broken.command('CONFIG', 'SET', 'save', '');
      await broken.stop();
    });

    it('says of a replica without its master that it is a replica, though it refuses a ping', async () => {
      const replica = await RedisServer.start({ args: ['--replica-serve-stale-data', 'no'] });
      await replica.command('REPLICAOF', '127.0.0.1', '1');

      const { code, out } = await cli.run(['doctor', '--nodes', replica.url]);

      expect(code).toBe(3);
      expect(out).toMatch(/ok +reachable/);
      expect(out).toMatch(/ERROR +role +a replica of 127.0.0.1:1/);
      await replica.stop();
    });

    it('shows a certificate to nodes that ask for one', async () => {
      const directory = mkdtempSync(join(tmpdir(), 'nestjs-redlock-tls-'));
      const [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
      execFileSync('openssl', [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost'],
        ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyFile, '-out', certFile],
      ]);
      const server = await RedisServer.start({
        tls: { certFile, keyFile },
        args: ['--tls-auth-clients', 'yes'],
      });
      const args = ['ls', '--nodes', server.url];

      const shown = await cli.run([...args, '--cert', certFile, '--key', keyFile, '--cacert', certFile]);
      const fromEnvironment = await cli.run(args, {
        REDLOCK_CERT: certFile,
        REDLOCK_KEY: keyFile,
        REDLOCK_CACERT: certFile,
      });
      const without = await cli.run([...args, '--cacert', certFile]);
      const half = await cli.run([...args, '--cert', certFile]);
      const missing = await cli.run([...args, '--cacert', join(directory, 'none.pem')]);
      const plain = await cli.run(['ls', '--nodes', 'redis://127.0.0.1:1', '--cacert', certFile]);

      expect(shown).toMatchObject({ code: 0, out: 'No locks.\n' });
      expect(fromEnvironment).toMatchObject({ code: 0, out: 'No locks.\n' });
      expect(without.code).toBe(3);
      expect(without.out).toBe(
        'It is unknown if there are locks: 0 of 1 nodes answered, and 1 are needed.\n',
      );
      expect([half.code, missing.code, plain.code]).toEqual([2, 2, 2]);
      await server.stop();
      rmSync(directory, { recursive: true });
    });

    it('exits with 3 when no quorum can be reached', async () => {
      const { code, out } = await cli.run(['doctor', '--nodes', 'redis://127.0.0.1:1,redis://127.0.0.1:2']);

      expect(code).toBe(3);
      expect(out).toContain('0 of 2 nodes answer; a lock needs 2');
    });
  });

  it('exits with 2 for what it cannot understand, and repeats no password', async () => {
    const { code, out, err } = await cli.run(['ls', '--nodes', 'redis://:hunter2@a:port']);

    expect({ code, out, err }).toEqual({
      code: 2,
      out: '',
      err: expect.stringContaining('nodes[0]: is not a URL that can be read') as unknown,
    });
    expect(err).not.toContain('hunter2');
  });
});

interface DoctorReport {
  ok: boolean;
  quorum: number;
  reachable: number;
  nodes: { node: string; servers: { server: string; role: string }[] }[];
  findings: { level: string; check: string; node: string | null; message: string; fix: string | null }[];
}

function levelsOf(findings: DoctorReport['findings'], check?: string): string[] {
  return findings
    .filter((finding) => check === undefined || finding.check === check)
    .map(({ level }) => level);
}

async function untilEach(
  servers: readonly RedisServer[],
  what: string,
  [name, ...args]: [string, ...string[]],
  isSo: (reply: unknown) => boolean,
): Promise<void> {
  await Promise.all(
    servers.map((server) => until(what, async () => isSo(await server.command(name, ...args)))),
  );
}

/** A node of each kind that is unfit, behind one that is fit. */
async function startProblems(fit: RedisServer) {
  const [replica, evicting, restricted, guarded, inCluster] = await Promise.all([
    RedisServer.start({ args: ['--replicaof', '127.0.0.1', String(fit.port)] }),
    RedisServer.start({ args: ['--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lru'] }),
    RedisServer.start({ user: 'tiny on >hunter2 ~lock:* +ping +set +get' }),
    RedisServer.start({ password: 's3cret' }),
    RedisServer.start({ cluster: true }),
  ]);
  const again = await TcpProxy.start(fit.port);
  const ports = [
    fit.port,
    replica.port,
    again.port,
    evicting.port,
    restricted.port,
    1,
    guarded.port,
    inCluster.port,
  ];
  const users = ['', '', '', '', 'tiny:hunter2@', '', ':hunter2@', ''];
  return {
    names: ports.map((port) => `127.0.0.1:${port}`),
    urls: ports.map((port, at) => `redis://${users[at] ?? ''}127.0.0.1:${port}`),
    stop: async () => {
      await again.stop();
      await Promise.all([replica, evicting, restricted, guarded, inCluster].map((server) => server.stop()));
    },
  };
}
