import { Broker } from './broker';

/** NATS with JetStream. */
export function startNats(): Promise<Broker> {
  return Broker.start((port, directory) => ({
    program: 'nats-server',
    args: ['--addr', '127.0.0.1', '--port', String(port), '--jetstream', '--store_dir', directory],
  }));
}
