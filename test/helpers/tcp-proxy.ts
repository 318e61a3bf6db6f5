import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * What the proxy does with connections:
 * - `pass`: nothing
 * - `drop-replies`: requests reach the server, its replies reach nobody
 * - `drop-requests`: nothing reaches the server; the client is not told
 * - `accept-and-close`: new connections are accepted and closed at once
 * - `refuse`: new connections are refused; present ones go on
 */
export type TcpProxyMode = 'pass' | 'drop-replies' | 'drop-requests' | 'accept-and-close' | 'refuse';

/** A network between a client and a server on this machine that can be made to fail. */
export class TcpProxy {
  mode: TcpProxyMode = 'pass';
  /** Added to each direction while the mode is `pass`, in milliseconds. */
  delayMs = 0;
  /** How many connections were accepted, ever. */
  accepted = 0;

  private readonly pairs = new Set<Pair>();

  private constructor(
    private server: Server,
    readonly port: number,
    /** Where new connections lead, as a name does that is looked up again. */
    public targetPort: number,
  ) {}

  static async start(targetPort: number): Promise<TcpProxy> {
    const server = createServer();
    await listen(server, 0);
    const proxy = new TcpProxy(server, (server.address() as AddressInfo).port, targetPort);
    proxy.serve(server);
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get connections(): number {
    return this.pairs.size;
  }

  async setMode(mode: TcpProxyMode): Promise<void> {
    this.mode = mode;
    if (mode === 'refuse' && this.server.listening) await close(this.server);
    if (mode !== 'refuse' && !this.server.listening) {
      this.server = createServer();
      this.serve(this.server);
      await listen(this.server, this.port);
    }
  }

  /** Breaks every present connection, on both sides, with a TCP reset. */
  reset(): void {
    for (const { client, upstream } of this.pairs) {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    }
  }

  async stop(): Promise<void> {
    this.mode = 'refuse';
    this.reset();
    if (this.server.listening) await close(this.server);
  }

  private serve(server: Server): void {
    server.on('connection', (client) => {
      this.accepted += 1;
      if (this.mode === 'accept-and-close') client.destroy();
      else this.join(client);
    });
  }

  private join(client: Socket): void {
    const upstream = connect({ port: this.targetPort, host: '127.0.0.1' });
    const pair: Pair = { client, upstream };
    this.pairs.add(pair);
    this.carry(client, upstream, () => this.mode !== 'drop-requests');
    this.carry(upstream, client, () => this.mode !== 'drop-replies');
    const part = () => {
      this.pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      socket.on('error', part);
      socket.on('close', part);
    }
  }

  private carry(from: Socket, to: Socket, mayPass: () => boolean): void {
    // In the order of arrival, as TCP keeps it, also when the delay becomes shorter in between.
    const onTheWay: { data: Buffer; dueAtMs: number }[] = [];
    const write = () => {
      for (;;) {
        const [first] = onTheWay;
        if (first === undefined) return;
        const waitMs = first.dueAtMs - performance.now();
        if (waitMs > 0) {
          setTimeout(write, waitMs);
          return;
        }
        onTheWay.shift();
        if (to.writable) to.write(first.data);
      }
    };
    from.on('data', (data) => {
      if (!mayPass()) return;
      onTheWay.push({ data, dueAtMs: performance.now() + this.delayMs });
      // Else a timer runs already.
      if (onTheWay.length === 1) write();
    });
  }
}

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}

/** Stops listening; connections that are open stay open. */
async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  // With open connections 'close' comes only when they are gone; the port is free at once.
  await Promise.race([closed, new Promise((resolve) => setImmediate(resolve))]);
}
