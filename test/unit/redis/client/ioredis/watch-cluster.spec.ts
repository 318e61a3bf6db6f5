import { EventEmitter } from 'node:events';
import type { Cluster, Redis } from 'ioredis';
import { watchCluster } from '../../../../../lib/redis/client/ioredis/watch-cluster';
import type { Server } from '../../../../../lib/redis/client/server-client.interface';

class FakeServer extends EventEmitter {
  stream = { destroyed: false };
  constructor(public status = 'ready') {
    super();
  }
}

/** A cluster of ioredis that connects to nothing, and what was told of it. */
function setUp(masters: FakeServer[] = [new FakeServer(), new FakeServer()]) {
  const cluster = Object.assign(new EventEmitter(), { status: 'ready', nodes: () => masters });
  const told: unknown[] = [];
  watchCluster(cluster as unknown as Cluster, (redis: Redis) => redis as unknown as Server, {
    onServerReady: (server) => told.push(['server', server]),
    onListed: () => told.push('listed'),
    onUp: () => told.push('up'),
    onDown: () => told.push('down'),
    onError: (error) => told.push(error),
  });
  return { cluster, masters, told };
}

describe('the events of a cluster', () => {
  it.each<[string, unknown[]]>([
    ['ready', ['up']],
    ['-node', ['up']],
    ['refresh', ['listed', 'up']],
    ['close', ['down']],
    ['end', ['down']],
  ])('tell with %s of %j', (event, all) => {
    const { cluster, told } = setUp();

    cluster.emit(event);

    expect(told).toEqual(all);
  });

  it.each<[string, string, FakeServer[]]>([
    ['it is not ready itself', 'connecting', [new FakeServer()]],
    ['it knows no master', 'ready', []],
    ['one of its masters is not ready', 'ready', [new FakeServer(), new FakeServer('connecting')]],
  ])('do not tell that it is up while %s', (_, status, masters) => {
    const { cluster, told } = setUp(masters);
    cluster.status = status;

    for (const event of ['ready', '-node', 'refresh']) cluster.emit(event);

    expect(told).toEqual(['listed']);
  });

  it('tell of a new server when it is ready, and then that the cluster is up', () => {
    const { cluster, masters, told } = setUp();
    const server = new FakeServer('connecting');
    masters.push(server);
    cluster.emit('+node', server);
    expect(told).toEqual([]);

    server.status = 'ready';
    server.emit('ready');

    expect(told).toEqual([['server', server], 'up']);
  });

  it('tell of errors, and not a second time of that of the last server', () => {
    const { cluster, told } = setUp();
    const [refused, silent] = [new Error('refused'), new Error('Connection is closed.')];

    cluster.emit('node error', refused, '10.0.0.1:6379');
    cluster.emit('node error', silent, '10.0.0.2:6379');
    cluster.emit('error', refused);
    cluster.emit('error', Object.assign(new Error('all failed'), { lastNodeError: silent }));

    expect(told).toStrictEqual([
      refused,
      expect.objectContaining({
        message: expect.stringMatching(/^10\.0\.0\.2:6379 cannot be asked/) as string,
      }),
      refused,
    ]);
  });
});
