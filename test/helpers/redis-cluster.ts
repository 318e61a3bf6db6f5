import { RedisServer, startRedisServers } from './redis-server';
import { until } from './until';

const SLOTS = 16_384;

/** A Redis Cluster of `count` masters with an equal share of the slots each, put together by hand. */
export async function startRedisCluster(count: number): Promise<RedisServer[]> {
  const servers = await startRedisServers(count, {
    cluster: true,
    args: [
      // What is left of it goes on when a server dies.
      ...['--cluster-require-full-coverage', 'no'],
      // Replicas need not wait for others, nor for a ping, which comes every ten seconds.
      ...['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'],
    ],
  });
  const [first, ...others] = servers as [RedisServer, ...RedisServer[]];
  await Promise.all(
    servers.map((server, position) => {
      const from = Math.floor((position * SLOTS) / count);
      const to = Math.floor(((position + 1) * SLOTS) / count) - 1;
      return server.command('CLUSTER', 'ADDSLOTSRANGE', from, to);
    }),
  );
  for (const other of others) await first.command('CLUSTER', 'MEET', '127.0.0.1', other.port);
  for (const server of servers) {
    await until('the cluster is ready', async () => {
      const info = String(await server.command('CLUSTER', 'INFO'));
      const slots = (await server.command('CLUSTER', 'SLOTS')) as unknown[];
      return info.includes('cluster_state:ok') && slots.length === count;
    });
  }
  return servers;
}

/** One more server, a master without slots. */
export async function addMaster(servers: readonly RedisServer[]): Promise<RedisServer> {
  const master = await RedisServer.start({
    cluster: true,
    args: [
      ...['--cluster-require-full-coverage', 'no'],
      // One that gives its last slot away stays a master.
      ...['--cluster-allow-replica-migration', 'no'],
    ],
  });
  const [first] = servers as [RedisServer];
  await master.command('CLUSTER', 'MEET', '127.0.0.1', first.port);
  for (const server of [...servers, master]) {
    await until('all know each other', async () => {
      const others = await Promise.all([...servers, master].map((one) => one.command('CLUSTER', 'MYID')));
      const nodes = String(await server.command('CLUSTER', 'NODES'));
      return others.every((id) => nodes.includes(String(id))) && !nodes.includes('handshake');
    });
  }
  return master;
}

/** Moves a slot with its keys, as `redis-cli --cluster reshard` does. */
export async function moveSlot(slot: number, from: RedisServer, to: RedisServer): Promise<void> {
  const [fromId, toId] = await Promise.all(
    [from, to].map(async (server) => String(await server.command('CLUSTER', 'MYID'))),
  );
  await to.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(fromId));
  await from.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(toId));
  for (;;) {
    const keys = (await from.command('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[];
    if (keys.length === 0) break;
    await from.command('MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'KEYS', ...keys);
  }
  for (const server of [to, from]) await server.command('CLUSTER', 'SETSLOT', slot, 'NODE', String(toId));
}

/** One more server, which has a copy of what `master` has. */
export async function addReplica(servers: readonly RedisServer[], master: RedisServer): Promise<RedisServer> {
  const replica = await RedisServer.start({ cluster: true });
  const id = String(await master.command('CLUSTER', 'MYID'));
  await replica.command('CLUSTER', 'MEET', '127.0.0.1', master.port);
  await until('they know each other', async () =>
    String(await replica.command('CLUSTER', 'NODES')).includes(id),
  );
  await replica.command('CLUSTER', 'REPLICATE', id);
  for (const server of [...servers, replica]) {
    await until('all know the replica', async () =>
      JSON.stringify(await server.command('CLUSTER', 'SLOTS')).includes(String(replica.port)),
    );
  }
  return replica;
}
