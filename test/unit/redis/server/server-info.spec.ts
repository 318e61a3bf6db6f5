import { infoLines } from '../../../../lib/redis/server/info-lines';
import { parseServerInfo, UNKNOWN_SERVER } from '../../../../lib/redis/server/server-info';

const info = (lines: Record<string, string>) =>
  `# Server\r\n${Object.entries(lines)
    .map(([name, value]) => `${name}:${value}\r\n`)
    .join('')}\r\n# CPU\r\n`;

const REDIS_7 = {
  redis_version: '7.0.15',
  os: 'Linux 6.1.0 x86_64',
  run_id: '8a3f6c0d51e24b7798a2d1c0e3f4b5a6978810cd',
  server_time_usec: '1794000000123456',
  uptime_in_seconds: '86400',
  executable: '/usr/bin/redis-server',
  maxmemory: '0',
  maxmemory_policy: 'noeviction',
  aof_enabled: '0',
  role: 'master',
  master_replid2: '0'.repeat(40),
};

describe('what a server says of itself', () => {
  it('is read from the INFO of a Redis', () => {
    expect(parseServerInfo(info(REDIS_7))).toEqual({
      facts: {
        runId: REDIS_7.run_id,
        uptimeMs: 86_399_000,
        persists: false,
        product: { name: 'Redis', version: '7.0.15' },
      },
      role: 'master',
      isMasterFromBirth: true,
      timeMicros: 1_794_000_000_123_456,
      keepsSlots: false,
      isLoading: false,
    });
  });

  it('is read from the INFO of a Valkey, which names itself otherwise', () => {
    const valkey = { ...REDIS_7, server_name: 'valkey', valkey_version: '8.0.1', aof_enabled: '1' };

    expect(parseServerInfo(info({ ...valkey, server_mode: 'cluster' }))).toMatchObject({
      facts: {
        runId: REDIS_7.run_id,
        persists: true,
        product: { name: 'Valkey', version: '8.0.1', mode: 'cluster' },
      },
      role: 'master',
      isMasterFromBirth: true,
    });
  });

  it.each([
    ['a master', 'master', '0'.repeat(40), true],
    ['a replica that was promoted', 'master', '8371445ee67e4d1d9ba8f3bd1f0a1b6c4f8d2e10', false],
    ['a replica', 'slave', '0'.repeat(40), false],
    ['a server that does not tell', 'master', '', false],
  ])('says of %s whether it has always been a master', (_, role, id, isMasterFromBirth) => {
    expect(parseServerInfo(info({ ...REDIS_7, role, master_replid2: id }))).toMatchObject({
      isMasterFromBirth,
    });
  });

  it.each([
    [
      { redict_version: '7.3.6', redict_mode: 'standalone' },
      { name: 'Redict', version: '7.3.6', mode: 'standalone' },
    ],
    [
      { server_name: 'other', other_version: '2.1' },
      { name: 'other', version: '2.1' },
    ],
    [{ server_name: 'x'.repeat(1_000) }, { name: 'x'.repeat(100), version: '7.0.15' }],
  ])('is a product by its own name and version: %j', (more, product) => {
    expect(parseServerInfo(info({ ...REDIS_7, ...more })).facts?.product).toEqual(product);
  });

  it('is read from lines that end without a carriage return, and with colons in their values', () => {
    expect(parseServerInfo('run_id:abc\nuptime_in_seconds:5\nexecutable:C:\\redis\nrole:slave')).toEqual({
      facts: { runId: 'abc', uptimeMs: 4_000 },
      role: 'slave',
      isMasterFromBirth: false,
      timeMicros: undefined,
      keepsSlots: false,
      isLoading: false,
    });
  });

  it.each([
    ['86400', 86_399_000],
    ['1', 0],
    ['0', 0],
    // The clock of the machine was set back since it started.
    ['-7200', 0],
  ])('is that it runs for %s seconds, of which one may not be over yet', (seconds, uptimeMs) => {
    const { facts } = parseServerInfo(info({ ...REDIS_7, uptime_in_seconds: seconds }));

    expect(facts?.uptimeMs).toBe(uptimeMs);
  });

  it.each([
    ['allkeys-lru', '1048576', 'allkeys-lru'],
    ['volatile-ttl', '1048576', 'volatile-ttl'],
    ['noeviction', '1048576', undefined],
    // Without a limit, nothing is ever removed.
    ['allkeys-lru', '0', undefined],
  ])('is that with %s and a limit of %s bytes it removes keys by %s', (policy, limit, evicts) => {
    const { facts } = parseServerInfo(info({ ...REDIS_7, maxmemory_policy: policy, maxmemory: limit }));

    expect(facts?.evicts).toBe(evicts);
  });

  it.each([
    ['no run_id', { ...REDIS_7, run_id: '' }],
    ['no uptime', { run_id: 'abc', role: 'master' }],
    ['an uptime that is no number', { ...REDIS_7, uptime_in_seconds: 'unknown' }],
  ])('is nothing that could be relied on when it has %s', (_, lines) => {
    const { facts, role } = parseServerInfo(info(lines));

    expect([facts, role]).toEqual([undefined, 'master']);
  });

  it.each([[''], ['# Server'], [undefined], [null], [42], [['run_id:abc']], [Buffer.from('run_id:abc')]])(
    'is nothing in the reply of a proxy: %p',
    (reply) => {
      expect(parseServerInfo(reply)).toEqual(UNKNOWN_SERVER);
    },
  );

  it.each(['0', '-5', '1e99', 'soon'])('is no time when it says %s', (time) => {
    expect(parseServerInfo(info({ ...REDIS_7, server_time_usec: time })).timeMicros).toBeUndefined();
  });
});

describe('the lines of INFO', () => {
  it('are read with their colons, without headings', () => {
    expect(infoLines('# Server\r\nredis_version:7.0.15\r\nexecutable:/a:b\r\n# Time: now\r\n\r\n')).toEqual({
      redis_version: '7.0.15',
      executable: '/a:b',
    });
  });
});
