import { createLockService, type LockEvent, type LockService } from '../../lib';
import { infoLines } from '../../lib/redis/server/info-lines';
import { RedisServer } from '../helpers/redis-server';
import { Cli } from '../helpers/cli';

const cli = new Cli();
let server: RedisServer;
let cluster: RedisServer;
let locks: LockService;
const events: LockEvent[] = [];

beforeAll(async () => {
  server = await RedisServer.start();
  cluster = await RedisServer.start({ cluster: true });
  locks = createLockService({ nodes: [server.url, cluster.url] });
  locks.events$.subscribe((event) => events.push(event));
});

afterAll(async () => {
  await locks.close();
  await Promise.all([server.stop(), cluster.stop()]);
  cli.dispose();
});

/** By the words of the server itself, whichever runs here. */
async function expectedOf({ command }: { command: RedisServer['command'] }) {
  const info = infoLines(String(await command('INFO', 'server')));
  const names = { redis: 'Redis', valkey: 'Valkey', redict: 'Redict' } as const;
  const kind = (['valkey', 'redict'] as const).find((name) => `${name}_version` in info) ?? 'redis';
  return { name: names[kind], version: info[`${kind}_version`] };
}

it('inspect, events and the program say what the server of each node is, and its mode', async () => {
  const product = await expectedOf({ command: (...args) => server.command(...args) });
  const ofEach = [[{ ...product, mode: 'standalone' }], [{ ...product, mode: 'cluster' }]];

  const { nodes } = await locks.inspect('order:7');
  const { out } = await cli.run(['inspect', 'order:7', '--nodes', `${server.url},${cluster.url}`, '--json']);
  const text = await cli.run(['inspect', 'order:7', '--nodes', server.url]);

  expect(nodes.map(({ servers }) => servers)).toEqual(ofEach);
  expect(events.flatMap((event) => (event.type === 'node-up' ? [event.servers] : []))).toEqual(
    expect.arrayContaining(ofEach),
  );
  const told = JSON.parse(out) as { nodes: { servers: unknown }[] };
  expect(told.nodes.map(({ servers }) => servers)).toEqual(ofEach);
  expect(text.out).toContain(`${product.name} ${product.version}`);
});

it('doctor calls it the same', async () => {
  const product = await expectedOf({ command: (...args) => server.command(...args) });

  const { out } = await cli.run(['doctor', '--nodes', server.url, '--json']);

  const { nodes } = JSON.parse(out) as {
    nodes: { servers: { product: string; version: string; mode: string }[] }[];
  };
  expect(nodes[0]?.servers[0]).toMatchObject({
    product: product.name,
    version: product.version,
    mode: 'standalone',
  });
});
