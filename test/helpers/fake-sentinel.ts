import { FakeClient } from './fake-client';

/** A Sentinel that answers where the master is, and in which epoch it became one. */
export class FakeSentinel extends FakeClient {
  says: { host: string; port?: string; epoch?: number | Error } | null | undefined;

  override call(...parts: string[]): Promise<unknown> {
    if (parts[0] === 'ping') return Promise.resolve('PONG');
    if (parts[0] !== 'sentinel') return super.call(...parts);
    this.sent.push(parts.join(' '));
    const { says } = this;
    if (says === undefined) return new Promise(() => undefined);
    if (parts[1] === 'GET-MASTER-ADDR-BY-NAME')
      return Promise.resolve(says === null ? null : [says.host, says.port ?? '6379']);
    if (says === null) return Promise.reject(new Error('ERR No such master with that name'));
    return says.epoch instanceof Error
      ? Promise.reject(says.epoch)
      : Promise.resolve(['name', 'locks', 'config-epoch', String(says.epoch ?? 0), 'quorum', '2']);
  }
}
