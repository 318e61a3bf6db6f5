import { EventEmitter } from 'node:events';
import type { NodeStatusChange } from '../../../../lib/ports/lock-node.interface';
import { RedisConnection } from '../../../../lib/redis/server/redis-connection';
import { FakeClient } from '../../../helpers/fake-client';
import { FakeSentinel } from '../../../helpers/fake-sentinel';
import { fakeDescription } from '../../../helpers/fake-description';
import { settle, VirtualClock } from '../../../helpers/virtual-clock';

/** A client that would send anything at any time, unlike that of ioredis. */
class WillingClient extends EventEmitter {
  readonly isCluster = false;
  readonly status = 'ready';
  readonly options = {};
  readonly call = () => Promise.resolve('role:master');
}

/** A cluster of servers that are connected, and of which a test appoints the masters. */
class WillingCluster extends EventEmitter {
  readonly isCluster = true;
  readonly status = 'ready';
  readonly servers: WillingServer[];
  slots: string[][] = [];
  readonly refreshSlotsCache = () => undefined;
  masters: string[];

  constructor(...answers: (string | Error)[]) {
    super();
    this.servers = answers.map((answer, port) => new WillingServer(port, answer));
    this.masters = ['0'];
  }

  nodes(role = 'all'): WillingServer[] {
    return this.servers.filter(({ options }) => role === 'all' || this.masters.includes(`${options.port}`));
  }

  connect(): void {
    for (const server of this.servers) {
      this.emit('+node', server);
      server.emit('ready');
    }
    this.emit('refresh');
    this.emit('ready');
  }
}

class WillingServer extends EventEmitter {
  readonly status = 'ready';
  more = '';
  readonly options: { host: string; port: number };

  constructor(
    port: number,
    readonly answer: string | Error,
  ) {
    super();
    this.options = { host: 'h', port };
  }

  call(): Promise<string> {
    const { answer } = this;
    return answer instanceof Error
      ? Promise.reject(answer)
      : Promise.resolve(`run_id:${answer}\r\nuptime_in_seconds:100\r\n${this.more}`);
  }
}

function connectionTo(
  client: WillingClient | WillingCluster,
  onStatus: (change: NodeStatusChange) => void = () => undefined,
): RedisConnection {
  return new RedisConnection({
    description: fakeDescription({ open: () => client }),
    clock: new VirtualClock(),
    onServerReady: () => undefined,
    onStatus,
  });
}

describe('a request', () => {
  it('is sent while the node is up, and at no other time', async () => {
    const client = new WillingClient();
    const connection = connectionTo(client);
    const seen: string[] = [];
    const request = () => {
      connection.ask({
        send: () => {
          seen.push(`sent while ${connection.status}`);
          return new Promise(() => undefined);
        },
        onReply: () => undefined,
        onError: () => seen.push(`failed while ${connection.status}`),
      });
    };

    request();
    client.emit('ready');
    await settle();
    request();
    client.emit('close');
    request();
    client.emit('ready');
    await settle();
    request();

    expect(seen).toEqual(['failed while connecting', 'sent while up', 'failed while down', 'sent while up']);
  });

  it('that fails at once keeps the mistakes of its caller to itself', () => {
    const connection = connectionTo(new WillingClient());

    expect(() => {
      connection.ask({
        send: () => Promise.resolve(),
        onReply: () => undefined,
        onError: () => {
          throw new Error('a mistake of the caller');
        },
      });
    }).not.toThrow();
  });
});

describe('a connection that leads to a server', () => {
  const REPLICA = 'run_id:b\r\nuptime_in_seconds:100\r\nrole:slave\r\n';
  const MASTER = 'run_id:a\r\nuptime_in_seconds:100\r\nrole:master\r\n';

  async function setUp(infoReply: string | Error) {
    const client = new FakeClient();
    const clock = new VirtualClock();
    const changes: NodeStatusChange[] = [];
    const connection = new RedisConnection({
      description: fakeDescription({ open: () => client }),
      clock,
      onServerReady: () => undefined,
      onStatus: (change) => changes.push(change),
    });
    client.infoReply = infoReply;
    client.becomeReady();
    await settle();
    return { client, clock, changes, connection };
  }

  it.each([
    ['is a replica', REPLICA, /replica/],
    ['is loading its data', `${MASTER}loading:1\r\n`, /loading/],
    ['is busy', new Error('BUSY Redis is busy running a script'), /BUSY/],
    ['wants a password', new Error('NOAUTH Authentication required.'), /NOAUTH/],
  ])('that %s is given up, and a new one looks the name up again', async (_, reply, reason) => {
    const { client, clock, changes } = await setUp(reply);
    const before = [client.resets, client.begun.length];

    await clock.advance(50);
    client.infoReply = MASTER;
    client.becomeReady();
    await settle();

    expect([before, client.begun.length]).toEqual([[1, 1], 2]);
    expect(changes.map(({ status }) => status)).toEqual(['down', 'up']);
    expect(changes[0]?.error?.message).toMatch(reason);
  });

  it('tells once in an outage why it stays down, when a later try finds that out', async () => {
    const { client, clock, changes } = await setUp(MASTER);
    const outage = async () => {
      client.end();
      for (const failure of [
        'connect ECONNREFUSED',
        'WRONGPASS invalid',
        'connect ECONNREFUSED',
        'WRONGPASS invalid',
      ]) {
        await clock.advance(2_000);
        client.emit(
          'error',
          Object.assign(new Error(failure), /ECONN/.test(failure) ? { code: 'ECONNREFUSED' } : {}),
        );
        client.end();
      }
      await clock.advance(2_000);
      client.becomeReady();
      await settle();
    };

    await outage();
    await outage();

    const told = changes.map(({ status, error }) => error?.message ?? status);
    const DOWN = 'not connected: the server closed the connection';
    const WHY = 'not connected: WRONGPASS invalid';
    expect(told).toEqual(['up', DOWN, WHY, 'up', DOWN, WHY, 'up']);
  });

  it('tells four reasons of an outage at the most, where each try to connect finds another one', async () => {
    const { client, clock, changes } = await setUp(MASTER);
    client.end();
    for (let tries = 1; tries <= 9; tries += 1) {
      await clock.advance(2_000);
      client.emit('error', new Error(`reason ${tries}`));
      client.end();
    }

    const told = changes.filter(({ status }) => status === 'down').map(({ error }) => error?.message);
    expect(told).toEqual(
      ['the server closed the connection', 'reason 1', 'reason 2', 'reason 3'].map(
        (reason) => `not connected: ${reason}`,
      ),
    );
  });

  it.each([
    ["ERR unknown command 'info', with args beginning with: "],
    ["NOPERM this user has no permissions to run the 'info' command"],
    ['ERR invalid request'],
    ["ERR unsupported command 'info'"],
  ])('that never says who it is (%s) is used, with a warning', async (message) => {
    const { client, changes, connection } = await setUp(new Error(message));

    expect([connection.status, client.resets]).toEqual(['up', 0]);
    expect(changes.map(({ warning }) => warning?.kind)).toEqual(['unknown-server']);
  });

  it('that says who it is is used without a warning', async () => {
    const { changes } = await setUp(MASTER);

    expect(changes.map(({ status, warning }) => [status, warning])).toEqual([['up', undefined]]);
  });
});

describe('a cluster', () => {
  function setUp(...answers: (string | Error)[]) {
    const cluster = new WillingCluster(...answers);
    const told: string[] = [];
    const connection = connectionTo(cluster, ({ status, servers = [], hasForgotten }) => {
      const runIds = servers.map(({ runId, isAdditional }) => `${runId}${isAdditional ? '+' : ''}`);
      told.push([status, ...runIds, ...(hasForgotten ? ['forgotten'] : [])].join(' '));
    });
    const ask = (): Promise<void> =>
      new Promise((done) => {
        const tell = (what: string) => () => {
          told.push(what);
          done();
        };
        connection.ask({ send: () => Promise.resolve(), onReply: tell('reply'), onError: tell('no reply') });
      });
    return { cluster, told, ask };
  }

  it('tells once who its servers are, however often it hears that nothing has changed', async () => {
    const { cluster, told, ask } = setUp('a', 'b');

    cluster.connect();
    await settle();
    for (let times = 0; times < 3; times += 1) {
      cluster.emit('refresh');
      await ask();
    }

    expect(told).toEqual(['up a', 'reply', 'reply', 'reply']);
  });

  it('tells of a replica that took over when it hears of it', async () => {
    const { cluster, told } = setUp('a', 'b');
    cluster.connect();
    await settle();

    cluster.masters = ['1'];
    cluster.emit('refresh');

    expect(told).toEqual(['up a', 'up b']);
  });

  it('tells of it before the first reply that may come from there', async () => {
    const { cluster, told, ask } = setUp('a', 'b');
    cluster.connect();
    await settle();

    cluster.masters = ['0', '1'];
    await ask();

    expect(told).toEqual(['up a', 'up a b', 'reply']);
  });

  it('is down, and believes no reply, when nobody knows who took over', async () => {
    const { cluster, told, ask } = setUp('a', new Error('BUSY'));
    cluster.connect();
    await settle();

    cluster.masters = ['0', '1'];
    await ask();

    expect(told).toEqual(['up a', 'down', 'no reply']);
  });

  describe('that a master joins', () => {
    /** A reply is on its way that may be the newcomer's. */
    async function join() {
      const all = setUp('a', 'b');
      const { cluster, told, ask } = all;
      for (const server of cluster.servers)
        server.more = `role:master\r\nmaster_replid2:${'0'.repeat(40)}\r\n`;
      cluster.slots = [['h:0'], ['h:0']];
      cluster.connect();
      await settle();
      cluster.masters = ['0', '1'];
      const asked = ask();
      await settle();
      return { ...all, asked, before: [...told] };
    }

    it('lets no reply count before it is known how that came to its slots', async () => {
      const { cluster, told, asked, before } = await join();

      cluster.slots = [['h:0'], ['h:1']];
      cluster.emit('refresh');
      await asked;

      expect([before, told]).toEqual([['up a'], ['up a', 'up a b+', 'reply']]);
    });

    it('lets no reply count that may come from one without slots', async () => {
      const { cluster, told, asked } = await join();

      cluster.masters = ['0'];
      cluster.emit('refresh');
      await asked;

      expect(told).toEqual(['up a', 'no reply']);
    });

    it('lets no reply count when it goes down meanwhile', async () => {
      const { cluster, told, asked } = await join();

      cluster.emit('close');
      await asked;

      expect(told).toEqual(['up a', 'down', 'no reply']);
    });
  });

  it('tells that locks may be forgotten when the slots of a master that is away are at another one', async () => {
    const { cluster, told } = setUp('a', 'b');
    cluster.masters = ['0', '1'];
    cluster.slots = [['h:0'], ['h:1']];
    cluster.connect();
    await settle();

    cluster.masters = ['1'];
    Object.assign(cluster.servers[0] as object, { status: 'end' });
    cluster.slots = [['h:1'], ['h:1']];
    cluster.emit('refresh');

    expect(told).toEqual(['up a b', 'up b forgotten']);
  });
});

describe('a connection to the master of a Sentinel group', () => {
  const OLD = { remoteAddress: '10.0.0.1', remotePort: 6379 };
  const AT_OLD = { host: '10.0.0.1', epoch: 4 };
  const AT_NEW = { host: '10.0.0.2', epoch: 5 };

  /** Connected to the old master. The Sentinels have not answered yet. */
  async function setUp() {
    const client = new FakeClient();
    const sentinels = [new FakeSentinel(), new FakeSentinel(), new FakeSentinel()] as const;
    const group = {
      name: 'locks',
      sentinels: sentinels.map((sentinel) => fakeDescription({ open: () => sentinel })),
      isMapped: false,
    };
    const clock = new VirtualClock();
    const changes: string[] = [];
    const connection = new RedisConnection({
      description: { ...fakeDescription({ open: () => client }), group },
      clock,
      onServerReady: () => undefined,
      onStatus: ({ status }) => changes.push(status),
    });
    client.infoReply = 'run_id:a\r\nuptime_in_seconds:100\r\nrole:master\r\n';
    const connect = async () => {
      client.remote = OLD;
      void client.connect();
      client.becomeReady();
      await settle();
    };
    await connect();
    const answer = async (...says: (typeof AT_OLD)[]) => {
      for (const [at, one] of says.entries()) {
        const sentinel = sentinels[at] as FakeSentinel;
        sentinel.says = one;
        sentinel.becomeReady();
        await settle();
      }
    };
    return { client, sentinels, clock, connection, changes, connect, answer };
  }

  it('is up as soon as a majority of the Sentinels has named that master, and not before', async () => {
    const { connection, answer } = await setUp();
    const before = connection.status;
    await answer(AT_OLD);
    const afterOne = connection.status;

    await answer(AT_OLD, AT_OLD);

    expect([before, afterOne, connection.status]).toEqual(['connecting', 'connecting', 'up']);
  });

  it('is up after a quarter of a second if they do not answer', async () => {
    const { connection, clock } = await setUp();

    await clock.advance(251);

    expect(connection.status).toBe('up');
  });

  it('is never up if a Sentinel knows of a later failover', async () => {
    const { connection, client, changes, answer } = await setUp();

    await answer(AT_OLD, AT_NEW);

    expect([client.resets > 0, connection.status, changes]).toEqual([true, 'down', ['down']]);
  });

  it('asks the Sentinels again when it is refused, since an operator may have named its master anew', async () => {
    const { connection, sentinels, connect, answer } = await setUp();
    await answer(AT_NEW, AT_NEW, AT_NEW);
    for (const sentinel of sentinels) sentinel.says = { host: '10.0.0.1', epoch: 0 };

    await connect();
    const refused = connection.status;
    await connect();

    expect([refused, connection.status]).toEqual(['down', 'up']);
  });
});
