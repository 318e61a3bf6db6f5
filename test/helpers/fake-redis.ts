import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A value in the protocol of Redis. */
export type Reply = null | number | string | Simple | Failure | readonly Reply[];

/** A status, as `+OK`; a plain string goes as a bulk string. */
export interface Simple {
  readonly simple: string;
}

export interface Failure {
  readonly error: string;
}

/**
 * What a server may do instead of an answer: send several, say nothing, hang up, or send what means nothing. The last it
 * says on that connection: what came behind would answer nobody, and at a nil that nobody asked for ioredis 6 ends the
 * process.
 */
export type Answer =
  { readonly reply: Reply } | { readonly bytes: string } | { readonly noise: string } | 'silence' | 'hang up';

const LONGEST_NOTE = 40;
const MOST_NOTES = 200;

/** A server that speaks as Redis does, and answers whatever it is told to. */
export class FakeRedis {
  readonly commands: string[] = [];
  /** What it was asked and what it said, for errors. */
  readonly transcript: string[] = [];
  /** By the command and its arguments. */
  answer: (command: readonly string[]) => Answer = honest;

  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      this.serve(socket);
    });
  }

  static async start(): Promise<FakeRedis> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FakeRedis(server);
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Whoever is connected need not take leave, and nobody is let in any more. */
  hangUp(): void {
    this.answer = () => 'hang up';
    for (const socket of this.sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.hangUp();
    this.server.close();
    await once(this.server, 'close');
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.sockets.delete(socket));
    let unread = '';
    socket.setEncoding('latin1').on('data', (text) => {
      unread += String(text);
      for (let read = readCommand(unread); read !== undefined; read = readCommand(unread)) {
        unread = unread.slice(read.length);
        this.commands.push(read.command.join(' '));
        const answer = this.answer(read.command);
        this.note(read.command, answer);
        send(socket, answer);
        if (typeof answer === 'object' && 'noise' in answer) socket.removeAllListeners('data').resume();
        if (socket.listenerCount('data') === 0) return;
      }
    });
  }

  private note(command: readonly string[], answer: Answer): void {
    const asked = command.map((part) => part.slice(0, LONGEST_NOTE)).join(' ');
    this.transcript.push(`${asked.slice(0, 3 * LONGEST_NOTE)} -> ${JSON.stringify(answer).slice(0, 200)}`);
    if (this.transcript.length > MOST_NOTES) this.transcript.shift();
  }
}

/** As a Redis without any data does, to what a client asks before it asks for locks. */
export function honest([name = '', ...args]: readonly string[]): Answer {
  const channels = args.map((channel, i) => [name.toLowerCase(), channel, i + 1]);
  switch (name.toLowerCase()) {
    case 'info':
      return { reply: `# Server\r\nredis_version:7.0.0\r\nuptime_in_seconds:90000\r\nrole:master\r\n` };
    case 'subscribe':
    case 'psubscribe':
      return { bytes: channels.map(encode).join('') };
    case 'unsubscribe':
    case 'punsubscribe':
      return { bytes: channels.map(([kind, channel]) => encode([kind ?? '', channel ?? '', 0])).join('') };
    case 'time':
      return { reply: [String(Math.floor(Date.now() / 1_000)), '0'] };
    case 'quit':
      return 'hang up';
    default:
      return { reply: { simple: 'OK' } };
  }
}

function send(socket: Socket, answer: Answer): void {
  if (answer === 'silence') return;
  if (answer === 'hang up') socket.destroy();
  else if ('noise' in answer) socket.write(answer.noise);
  else socket.write('bytes' in answer ? answer.bytes : encode(answer.reply));
}

export function encode(reply: Reply): string {
  if (reply === null) return '$-1\r\n';
  if (typeof reply === 'number') return `:${reply}\r\n`;
  if (typeof reply === 'string') return `$${Buffer.byteLength(reply)}\r\n${reply}\r\n`;
  if ('simple' in reply) return `+${reply.simple}\r\n`;
  if ('error' in reply) return `-${reply.error}\r\n`;
  return `*${reply.length}\r\n${reply.map(encode).join('')}`;
}

/** The first command of what was received, and how many characters it takes; undefined while it is not whole. */
function readCommand(text: string): { command: string[]; length: number } | undefined {
  const count = /^\*(\d+)\r\n/.exec(text);
  if (count === null) return undefined;
  const command: string[] = [];
  let at = count[0].length;
  for (let left = Number(count[1]); left > 0; left -= 1) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(at, at + 20));
    if (size === null) return undefined;
    const from = at + size[0].length;
    const to = from + Number(size[1]);
    if (text.length < to + 2) return undefined;
    command.push(text.slice(from, to));
    at = to + 2;
  }
  return { command, length: at };
}
