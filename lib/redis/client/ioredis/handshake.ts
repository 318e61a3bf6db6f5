import type { Redis } from './ioredis';

const LONGEST_WORDS = 120;

/**
 * Finds out why a connection ended before it could be used. A server that refuses clients says so in its first
 * words. ioredis takes these for the answer to a command that may fail. A port that is no Redis says something
 * else.
 */
export class Handshake {
  private words = '';
  private isConnected = false;
  private isOver = false;
  private error: unknown;

  constructor(private readonly client: Redis) {
    client.on('connecting', () => {
      this.words = '';
      this.isConnected = false;
      this.isOver = false;
      this.error = undefined;
    });
    client.on('connect', () => {
      this.isConnected = true;
      (client.stream as Redis['stream'] | undefined)?.once('data', (words: Buffer) => {
        this.words = words.toString('latin1', 0, LONGEST_WORDS);
      });
    });
    client.on('error', (error: unknown) => {
      this.error = error;
    });
    client.on('ready', () => {
      this.isOver = true;
    });
  }

  /**
   * The failure of the connection that has just closed. Undefined if it tells no more than the error of the
   * connection.
   */
  get failure(): Error | undefined {
    if (!this.isConnected) return undefined;
    const [line = ''] = this.words.split('\r\n');
    if (line.startsWith('\x15\x03')) return new Error('the port speaks TLS. Write rediss://, or give `tls`');
    // In this case ioredis is "ready" although it has understood nothing.
    if (line !== '' && !/^[+:$*%_#,(~>|=!-]/.test(line)) {
      return new Error(`the port is not a Redis. It answers with ${JSON.stringify(line.slice(0, 40))}`);
    }
    if (this.isOver) return undefined;
    if (line.startsWith('-DENIED')) return new Error(PROTECTED);
    if (line.startsWith('-')) return new Error(line.slice(1).replace(/^ERR /, ''));
    return this.wasClosed ? new Error(this.client.options.tls ? CLOSED_TLS : CLOSED) : undefined;
  }

  /** True if the server closed the connection. Else something failed on our side. */
  private get wasClosed(): boolean {
    const { code } = (this.error ?? { code: 'EPIPE' }) as { code?: unknown };
    return code === 'EPIPE' || code === 'ECONNRESET';
  }
}

const CLOSED =
  'the server closed the connection before it answered: it may want TLS, be full, or run in protected mode. Write rediss:// or give `tls`, raise maxclients, or give the server a password';
const CLOSED_TLS =
  'the server closed the connection before it answered: it may want a client certificate, be full, or run in protected mode. Give `tls.cert` and `tls.key` (the program: --cert and --key), raise maxclients, or give the server a password';
const PROTECTED =
  'the server runs in protected mode: it has no password, and takes only clients of its own machine. Give it a password (requirepass, or an ACL), or `protected-mode no` where a firewall protects it';
