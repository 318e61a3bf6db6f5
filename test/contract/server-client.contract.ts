import type { RedisNodeDescription } from '../../lib/redis/client/redis-node-description.interface';
import type { ChannelEvents, Server, ServerClient } from '../../lib/redis/client/server-client.interface';
import { systemClock } from '../../lib/system/system-clock';
import { RedisServer } from '../helpers/redis-server';
import { TcpProxy } from '../helpers/tcp-proxy';
import { until } from '../helpers/until';

/** A client, and what it has told since it was opened. */
class Told {
  readonly events: string[] = [];
  readonly errors: string[] = [];
  readonly messages: string[] = [];

  constructor(readonly client: ServerClient) {}

  watch(): this {
    const tell = (event: string) => () => this.events.push(event);
    this.client.watch({
      onServerReady: tell('server ready'),
      onListed: tell('listed'),
      onUp: tell('up'),
      onDown: tell('down'),
      onError: (error) => this.errors.push(String(error)),
    });
    this.client.keepConnected(systemClock, (error) => this.errors.push(String(error)));
    return this;
  }

  listen(events: Partial<ChannelEvents> = {}): this {
    this.client.listen({
      onReady: () => undefined,
      onClose: () => undefined,
      onError: () => undefined,
      onMessage: (channel, message) => this.messages.push(`${channel}: ${message}`),
      ...events,
    });
    this.client.keepConnected(systemClock, () => undefined);
    return this;
  }

  ready(): Promise<void> {
    return until('the client is ready', () => this.client.isReady);
  }
}

/** What `ServerClient` promises, on one real server. */
export function itKeepsTheContractOfServerClient(
  libraryName: string,
  describeNode: (url: string) => RedisNodeDescription,
): void {
  describe(`a client of ${libraryName} to one server`, () => {
    let server: RedisServer;
    let other: RedisServer;
    let proxy: TcpProxy;
    const opened: ServerClient[] = [];

    const open = (url = proxy.url): Told => {
      const client = describeNode(url).open();
      opened.push(client);
      return new Told(client);
    };
    const openReady = async (): Promise<ServerClient> => {
      const told = open().watch();
      await told.ready();
      return told.client;
    };

    beforeAll(async () => {
      [server, other] = await Promise.all([RedisServer.start(), RedisServer.start()]);
    });
    beforeEach(async () => {
      proxy = await TcpProxy.start(server.port);
      await server.command('FLUSHALL');
    });
    afterEach(async () => {
      for (const client of opened.splice(0)) client.drop();
      await proxy.stop();
    });
    afterAll(async () => {
      await Promise.all([server.stop(), other.stop()]);
    });

    it('tells of each connection before anything else can be sent on it, and when it breaks', async () => {
      const told = open().watch();
      await told.ready();

      proxy.reset();
      await until('it is down', () => told.events.includes('down'));
      await until('it is up again', () => told.events.filter((event) => event === 'up').length === 2);

      const once = told.events.filter((event, i) => event !== told.events[i - 1]);
      expect(once).toEqual(['server ready', 'up', 'down', 'server ready', 'up']);
    });

    it('sends requests in the order of the calls, encoded or not, and answers in that order', async () => {
      const client = await openReady();
      const answers: unknown[] = [];
      const bytes = Buffer.from('*2\r\n$4\r\nincr\r\n$1\r\nn\r\n');

      const asked = Array.from({ length: 20 }, (_, i) =>
        i % 2 === 0 || client.sendEncoded === undefined
          ? client.send('incr', ['n'])
          : client.sendEncoded('incr', bytes),
      );
      await Promise.all(asked.map((answer) => answer.then((value) => answers.push(value))));

      expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    });

    it('gives the replies that the server gives', async () => {
      const client = await openReady();

      expect([
        await client.send('set', ['größe:✓', '👩‍👩‍👧', 'PX', 5_000, 'NX']),
        await client.send('set', ['größe:✓', 'x', 'PX', 5_000, 'NX']),
        await client.send('get', ['größe:✓']),
        await client.send('eval', ['return { 1, "a", false, { ARGV[1] } }', 0, 7]),
      ]).toEqual(['OK', null, '👩‍👩‍👧', [1, 'a', null, ['7']]]);
    });

    it('rejects with the words of the server, and knows that nothing was cut off', async () => {
      const client = await openReady();
      await client.send('set', ['a', 'text']);

      const error = await client.send('incr', ['a']).catch((reason: unknown) => reason);

      expect(String(error)).toContain('ERR value is not an integer');
      expect(client.isCutOff(error)).toBe(false);
    });

    it('fails at once what is asked without a connection, and never sends it', async () => {
      const told = open();
      const error = await told.client.send('set', ['a', '1']).catch((reason: unknown) => reason);

      told.watch();
      await told.ready();

      expect(told.client.isCutOff(error)).toBe(true);
      expect(await told.client.send('exists', ['a'])).toBe(0);
    });

    it('fails what is under way when its connection is reset, does not send it again, and connects anew', async () => {
      const client = await openReady();
      const [first] = client.servers() as [Server];
      const before = first.connection;
      proxy.mode = 'drop-requests';
      const asked = client.send('set', ['a', '1']).catch((reason: unknown) => reason);

      client.reset();

      expect(client.isCutOff(await asked)).toBe(true);
      await until('there is a new connection', () => proxy.accepted === 2);
      proxy.mode = 'pass';
      proxy.reset();
      await until('it is there again', () => answers(client));
      expect(await client.send('exists', ['a'])).toBe(0);
      expect(first.connection).not.toBe(before);
    });

    it('leads to the server that has the name at the time of each connection', async () => {
      const client = await openReady();
      await client.send('set', ['a', '1']);

      proxy.targetPort = other.port;
      client.reset();
      await until('it is there again', () => answers(client));

      expect(await client.send('exists', ['a'])).toBe(0);
    });

    it('shows its one server, and what came over its connection', async () => {
      const client = await openReady();
      const [first] = client.masters() as [Server];
      const before = first.connection?.bytesRead ?? 0;

      expect(await first.send('ping')).toBe('PONG');

      expect(first.connection?.bytesRead).toBeGreaterThan(before);
      expect(first.connection?.remotePort).toBe(proxy.port);
      expect(first.address).toBe(`127.0.0.1:${proxy.port}`);
      expect([client.servers(), client.cluster]).toEqual([[first], undefined]);
    });

    it('sends what is to leave in one packet, also when whoever asks for it makes a mistake', async () => {
      const client = await openReady();
      const asked: Promise<unknown>[] = [];

      expect(() => {
        client.inOnePacket(() => {
          asked.push(client.send('incr', ['n']), client.send('incr', ['n']));
          throw new Error('a mistake');
        });
      }).toThrow('a mistake');

      expect(await Promise.all(asked)).toEqual([1, 2]);
    });

    it('hears of channels from their subscription to its end', async () => {
      const told = open().listen();
      await told.ready();

      await told.client.subscribe(['a', 'b']);
      await server.command('PUBLISH', 'a', '1');
      await told.client.unsubscribe(['a']);
      await server.command('PUBLISH', 'a', '2');
      await told.client.subscribePattern('p:*');
      await server.command('PUBLISH', 'p:x', '3');
      await server.command('PUBLISH', 'b', '4');

      await until('all have come', () => told.messages.includes('b: 4'));
      expect(told.messages).toEqual(['a: 1', 'p:x: 3', 'b: 4']);
    });

    it('subscribes to nothing by itself when it connects again', async () => {
      let times = 0;
      const told = open().listen({ onReady: () => (times += 1) });
      await told.ready();
      await told.client.subscribe(['a']);

      told.client.reset();
      await until('it is there again', () => times === 2);

      expect(await server.command('PUBLISH', 'a', '1')).toBe(0);
    });

    it('tells why nobody lets it in, without the password', async () => {
      const told = open(proxy.url.replace('://', '://ann:open-sesame@')).watch();

      await until('it tells', () => told.errors.length > 0);

      expect(told.errors.join()).toContain('WRONGPASS');
      expect(told.errors.join()).not.toContain('open-sesame');
      expect(told.client.isReady).toBe(false);
    });

    it('waits at the end for what is under way, and does not come back', async () => {
      const client = await openReady();
      const asked = client.send('incr', ['n']);

      await client.close(systemClock);

      expect([await asked, client.isReady]).toEqual([1, false]);
      const late = await client.send('incr', ['n']).catch((reason: unknown) => reason);
      expect(client.isCutOff(late)).toBe(true);
      await until('nobody is connected', async () => !(await othersAt(server)));
    });
  });
}

/** What it promises on a real cluster. @param open a client that is not connected yet */
export function itKeepsTheContractOfClusterClient(
  libraryName: string,
  cluster: { readonly servers: () => readonly RedisServer[]; open(): ServerClient },
): void {
  describe(`a client of ${libraryName} to a cluster`, () => {
    let told: Told;

    const run = (name: string, ...args: string[]) => told.client.send(name, args);

    beforeEach(async () => {
      await Promise.all(cluster.servers().map((server) => server.command('FLUSHALL')));
      told = new Told(cluster.open()).watch();
      await until('it is up', () => told.events.includes('up'));
    });
    afterEach(() => {
      told.client.drop();
    });

    it('tells of each server, and of the listing, before it is up', () => {
      const { events } = told;

      expect(events.slice(0, events.indexOf('up')).sort()).toEqual(
        expect.arrayContaining(['listed', ...cluster.servers().map(() => 'server ready')]),
      );
    });

    it('finds the server of a command by its keys', async () => {
      const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);

      await Promise.all(keys.map((key) => run('set', key, key)));

      const sizes = await Promise.all(told.client.masters().map((master) => master.send('dbsize')));
      expect(sizes.reduce<number>((sum, size) => sum + Number(size), 0)).toBe(20);
      expect(sizes.every((size) => Number(size) > 0)).toBe(true);
      expect(await Promise.all(keys.map((key) => run('get', key)))).toEqual(keys);
      expect(await run('eval', 'return KEYS[1]', '1', 'k7')).toBe('k7');
      expect(told.client).not.toHaveProperty('sendEncoded');
    });

    it('shows the same objects for its masters each time, and lists the slots by their addresses', () => {
      const masters = told.client.masters();
      const { slots } = told.client.cluster ?? { slots: [] };
      const owners = new Set(Array.from(slots, (addresses) => addresses?.[0]));

      expect(told.client.masters().every((master, i) => master === masters[i])).toBe(true);
      expect([...owners].sort()).toEqual(masters.map(({ address }) => address).sort());
    });

    it('fails what is under way at a server that is reset, and connects to it anew', async () => {
      const [server] = cluster.servers() as [RedisServer];
      server.pause();
      const at = told.client.masters().find(({ address }) => address.endsWith(`:${server.port}`)) as Server;
      const asked = at.send('ping').catch((reason: unknown) => reason);

      at.reset();
      server.resume();

      expect(at.isCutOff(await asked)).toBe(true);
      await until('it is there again', () => told.client.masters().every(({ isReady }) => isReady));
    });

    it('hears of what is published at any server', async () => {
      const ear = new Told(cluster.open()).listen();
      await ear.ready();
      await ear.client.subscribe(['a']);

      for (const [i, server] of cluster.servers().entries()) await server.command('PUBLISH', 'a', i);

      await until('all have come', () => ear.messages.length === cluster.servers().length);
      ear.client.drop();
    });
  });
}

function answers(client: ServerClient): Promise<boolean> {
  return client.send('ping').then(
    () => true,
    () => false,
  );
}

async function othersAt(server: RedisServer): Promise<boolean> {
  const clients = String(await server.command('CLIENT', 'LIST'));
  return clients.includes('name=nestjs-redlock');
}
