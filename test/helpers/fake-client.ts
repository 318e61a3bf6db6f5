import { EventEmitter } from 'node:events';
import type { ServerClient } from '../../lib/redis/client/server-client.interface';
import { serverClientOf } from './server-client-of';

/** A client of ioredis that connects to nothing: a test says what becomes of its connections. */
export class FakeClient extends EventEmitter {
  readonly isCluster = false;
  readonly options: Record<string, unknown> = {};
  status = 'wait';
  /** With which password each connection was begun. */
  readonly begun: unknown[] = [];
  readonly sent: string[] = [];
  resets = 0;
  /** What INFO is answered with; undefined for no answer. */
  infoReply: string | Error | undefined = 'role:master\r\n';
  /** What any other command is answered with. */
  callReply: unknown;
  /** Where its connections lead. */
  remote: { remoteAddress?: string; remotePort?: number } = {};
  stream = this.newStream();

  /** As the rest of `redis/` sees it. */
  readonly asServer: ServerClient = serverClientOf(this);

  connect(): Promise<void> {
    this.begun.push(this.options['password']);
    this.stream = this.newStream();
    this.changeTo('connecting');
    return Promise.resolve();
  }

  becomeReady(): void {
    this.changeTo('connect');
    this.changeTo('ready');
  }

  /** As ioredis 5.11, whose connection had ended before the server answered its greeting. */
  becomeReadyAfterItsEnd(): void {
    this.stream.destroyed = true;
    this.end();
    this.changeTo('ready');
  }

  /** The connection is gone. */
  end(): void {
    this.changeTo('close');
    this.changeTo('end');
  }

  disconnect(): void {
    this.end();
  }

  subscribe(...channels: string[]): Promise<unknown> {
    return this.answer(`subscribe ${channels.join(' ')}`, 'OK');
  }

  call(...parts: string[]): Promise<unknown> {
    const [name] = parts;
    const reply = name === 'info' ? this.infoReply : name === 'ping' ? undefined : this.callReply;
    return this.answer(parts.join(' '), reply);
  }

  unsubscribe(): Promise<unknown> {
    return this.answer('unsubscribe', 'OK');
  }

  private answer<T>(command: string, reply: T | Error | undefined): Promise<T> {
    this.sent.push(command);
    if (reply === undefined) return new Promise(() => undefined);
    return reply instanceof Error ? Promise.reject(reply) : Promise.resolve(reply);
  }

  private newStream() {
    const reset = () => {
      this.resets += 1;
      this.end();
    };
    const state = { bytesRead: 0, connecting: false, writableEnded: false, destroyed: false, ...this.remote };
    return Object.assign(new EventEmitter(), state, { resetAndDestroy: reset, destroy: reset });
  }

  private changeTo(status: string): void {
    this.status = status;
    this.emit(status);
  }
}
