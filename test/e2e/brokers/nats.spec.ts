import { jetstream, jetstreamManager, type Consumer } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { createLockService, MemoryLockNode, type LockService } from '../../../lib';
import type { Broker } from '../../helpers/broker';
import { runBlock } from '../../helpers/document-module';
import { startNats } from '../../helpers/nats-server';
import { until } from '../../helpers/until';

const { consume } = runBlock('docs/QUEUES.md', 'consumer.consume()', {
  change: (code) => code.replace('5_000', '200'),
}) as {
  consume: (
    consumer: Consumer,
    locks: LockService,
    handle: (order: { id: string }) => Promise<void>,
  ) => Promise<void>;
};

describe('a message of JetStream whose lock is busy', () => {
  let broker: Broker;

  beforeAll(async () => {
    broker = await startNats();
  });

  afterAll(async () => {
    await broker.stop();
  });

  it('is returned to the broker, comes again, and does not keep the next ones waiting', async () => {
    const connection = await connect({ servers: `127.0.0.1:${broker.port}` });
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: 'orders', subjects: ['orders.*'] });
    await manager.consumers.add('orders', { durable_name: 'payments', ack_policy: 'explicit' });
    const nodes = [new MemoryLockNode()];
    const [locks, others] = [createLockService({ nodes }), createLockService({ nodes })];
    const handled: string[] = [];
    const lock = await others.acquire('order:7');
    const consumed = consume(
      await jetstream(connection).consumers.get('orders', 'payments'),
      locks,
      ({ id }) => {
        handled.push(id);
        return Promise.resolve();
      },
    );

    await jetstream(connection).publish('orders.paid', JSON.stringify({ id: '7' }));
    await jetstream(connection).publish('orders.paid', JSON.stringify({ id: '8' }));
    await until('the free one is handled', () => handled.includes('8'));
    expect(handled).toEqual(['8']);
    await lock.release();
    await until('the other one came again', () => handled.includes('7'));

    await until('both are acknowledged', async () => {
      const { num_pending, num_ack_pending } = await manager.consumers.info('orders', 'payments');
      return num_pending + num_ack_pending === 0;
    });
    await connection.close();
    await consumed;
    await Promise.all([locks.close(), others.close()]);
  });
});
