import { EventEmitter } from 'node:events';
import type { Redis } from 'ioredis';

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

  get asRedis(): Redis {
    return this as unknown as Redis;
  }

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

  /** The connection is gone. */
  end(): void {
    this.changeTo('close');
    this.changeTo('end');
  }

  disconnect(): void {
    this.end();
  }

  info(): Promise<string> {
    return this.answer('info', this.infoReply);
  }

  ping(): Promise<string> {
    return this.answer<string>('ping', undefined);
  }

  subscribe(...channels: string[]): Promise<unknown> {
    return this.answer(`subscribe ${channels.join(' ')}`, 'OK');
  }

  call(...parts: string[]): Promise<unknown> {
    return this.answer(parts.join(' '), this.callReply);
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
    const state = { bytesRead: 0, connecting: false, writableEnded: false, ...this.remote };
    return Object.assign(new EventEmitter(), state, { resetAndDestroy: reset, destroy: reset });
  }

  private changeTo(status: string): void {
    this.status = status;
    this.emit(status);
  }
}
