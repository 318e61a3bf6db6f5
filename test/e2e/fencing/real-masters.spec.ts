import { Client } from 'pg';
import { createLockService, type LockService } from '../../../lib';
import { assertFenced, fenceOf } from '../../../lib/fencing';
import { PostgresServer } from '../../helpers/postgres-server';
import { Program } from '../../helpers/program';
import { type RedisServer, startRedisServers } from '../../helpers/redis-server';
import { until } from '../../helpers/until';
import { untilAllAnswer } from '../../helpers/until-all-answer';

let servers: RedisServer[] = [];
let services: LockService[] = [];

beforeEach(async () => {
  servers = await startRedisServers(3);
});

afterEach(async () => {
  await Promise.all(services.map((service) => service.close()));
  services = [];
  await Promise.all(servers.map((server) => server.stop()));
});

function open(): LockService {
  const service = createLockService({ nodes: servers.map(({ url }) => url), restartGuard: false });
  services.push(service);
  return service;
}

describe('fencing tokens on real masters', () => {
  it('grow from hold to hold, by hand-over and between services, while a master dies and another one stalls', async () => {
    const [one, other] = [open(), open()];
    const tokens: number[] = [];
    const work = async (service: LockService, holds: number) => {
      await Promise.all(
        Array.from({ length: holds }, () =>
          service.withLock('a', { fencing: true, wait: 30_000 }, ({ fencingToken }) => {
            tokens.push(fencingToken);
          }),
        ),
      );
    };

    await Promise.all([work(one, 20), work(other, 20)]);
    await servers[0]?.kill();
    await Promise.all([work(one, 20), work(other, 20)]);
    await servers[0]?.restart();
    await untilAllAnswer(one);
    servers[1]?.pause();
    await Promise.all([work(one, 10), work(other, 10)]);
    servers[1]?.resume();
    await Promise.all([work(one, 10), work(other, 10)]);

    expect(tokens).toHaveLength(120);
    expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
    expect(new Set(tokens).size).toBe(120);
  });

  it('agree in the round trip of the grant while all masters are well', async () => {
    const service = open();
    await service.withLock('a', { fencing: true }, () => undefined);
    const raises = async () => {
      const infos = await Promise.all(servers.map((server) => server.command('INFO', 'commandstats')));
      return infos.map((info) => Number(/cmdstat_evalsha:calls=(\d+)/.exec(String(info))?.[1] ?? 0));
    };
    const before = await raises();

    await service.withLock('a', { fencing: true }, () => undefined);

    // One to get it and one to give it back.
    await until('all have answered', async () =>
      (await raises()).every((calls, i) => calls - Number(before[i]) >= 2),
    );
    expect((await raises()).map((calls, i) => calls - Number(before[i]))).toEqual([2, 2, 2]);
  });
});

const withPostgres = PostgresServer.canStart ? describe : describe.skip;

withPostgres('a row of a real PostgreSQL', () => {
  let postgres: PostgresServer;
  let db: Client;
  let holder: Program | undefined;

  beforeEach(async () => {
    postgres = await PostgresServer.start();
    db = new Client({ connectionString: postgres.url });
    await db.connect();
    await db.query(`CREATE TABLE account (
      id integer PRIMARY KEY, balance integer NOT NULL, fence bigint NOT NULL DEFAULT 0, fence_owner text NOT NULL DEFAULT ''
    )`);
    await db.query('INSERT INTO account (id, balance) VALUES (1, 100)');
  });

  afterEach(async () => {
    await holder?.dispose();
    holder = undefined;
    await db.end();
    await postgres.stop();
  });

  /** It has the lock when it has written a line. */
  async function startHolder(): Promise<Program> {
    const started = new Program('test/e2e/fencing/holder.ts', [
      postgres.url,
      ...servers.map(({ url }) => url),
    ]);
    holder = started;
    await until('the holder has the lock', () => started.lines.length > 0);
    return started;
  }

  it('refuses the write of a holder that was stopped past its time', async () => {
    const holder = await startHolder();
    holder.pause();

    await open().withLock('account:1', { fencing: true, wait: 20_000 }, async (lock) => {
      const { token, owner } = fenceOf(lock);
      const result = await db.query(
        `UPDATE account SET balance = balance - 30, fence = $1, fence_owner = $2
          WHERE id = 1 AND (fence < $1 OR (fence = $1 AND fence_owner = $2))`,
        [token, owner],
      );
      assertFenced(result, lock);
      expect(holder.lines).toEqual([expect.stringMatching(/^held \d{16}$/)]);
      expect(token).toBeGreaterThan(Number(holder.lines[0]?.slice(5)));
    });
    holder.write('write');
    holder.resume();
    await holder.ended();

    expect(holder.lines.at(-1)).toBe('refused');
    expect((await db.query('SELECT balance FROM account')).rows).toEqual([{ balance: 70 }]);
  });

  it('takes the write of a holder that was not', async () => {
    const holder = await startHolder();

    holder.write('write');
    await holder.ended();

    expect(holder.lines.at(-1)).toBe('written');
    expect((await db.query('SELECT balance FROM account')).rows).toEqual([{ balance: 1 }]);
  });
});
