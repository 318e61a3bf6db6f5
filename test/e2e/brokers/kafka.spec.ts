import type { INestMicroservice, Type } from '@nestjs/common';
import { ClientsModule, Transport, type ClientKafka } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { lastValueFrom } from 'rxjs';
import { LockService } from '../../../lib';
import { runBlock } from '../../helpers/document-module';
import { KafkaBroker } from '../../helpers/kafka-broker';
import { until } from '../../helpers/until';
import { MemoryMasters } from '../transports/memory-masters';

const { OrderTopic } = runBlock('docs/QUEUES.md', 'KafkaRetriableException', {
  change: (code) => code.replaceAll('wait: 5_000', 'wait: 0'),
}) as { OrderTopic: Type };

/** Short delays between two tries; by default they grow from 300 ms on. */
const RETRY = { initialRetryTime: 20, maxRetryTime: 50, retries: 1_000 };

/** This broker lets a consumer wait all that time, also when something arrives. */
const SOON = { maxWaitTimeInMs: 50 };

describe('a message of Kafka whose lock cannot be had', () => {
  const masters = new MemoryMasters();
  let broker: KafkaBroker;
  let app: INestMicroservice;

  beforeAll(async () => {
    broker = await KafkaBroker.start();
    const client = { brokers: [broker.address], retry: RETRY, logLevel: 0 };
    const module = await Test.createTestingModule({
      imports: [
        masters.module(),
        ClientsModule.register([
          {
            name: 'KAFKA',
            transport: Transport.KAFKA,
            options: { client, consumer: { groupId: 'shop', ...SOON }, subscribe: { fromBeginning: true } },
          },
        ]),
      ],
      controllers: [OrderTopic],
    }).compile();
    app = module.createNestMicroservice({
      transport: Transport.KAFKA,
      options: {
        client,
        consumer: { groupId: 'orders', retry: RETRY, ...SOON },
        subscribe: { fromBeginning: true },
      },
    });
    app.useLogger(false);
    const kafka = app.get<ClientKafka>('KAFKA');
    kafka.subscribeToResponseOf('order.ship');
    await Promise.all([app.listen(), kafka.connect()]);
  });

  afterAll(async () => {
    await app.close();
    await broker.stop();
  });

  it('is returned to the broker where it is an event, and handled when the lock is free', async () => {
    const locks = app.get(LockService);
    const held: string[] = [];
    let busy = 0;
    const lock = await locks.acquire('order:7');
    locks.events$.subscribe((event) => {
      if (event.type === 'acquired') held.push(...event.resources);
      else if (event.type === 'busy') busy += 1;
    });
    const client = app.get<ClientKafka>('KAFKA');

    await lastValueFrom(client.emit('order.paid', { key: 'a', value: { id: '7' } }));
    await lastValueFrom(client.emit('order.paid', { key: 'a', value: { id: '8' } }));
    await until('it was returned several times', () => busy > 2);
    expect(held).toEqual([]);
    await lock.release();

    await until('both are handled, in their order', () => held.length === 2);
    expect(held).toEqual(['order:7', 'order:8']);
  });

  it('is returned to the broker where it is an event, while too few nodes answer', async () => {
    const locks = app.get(LockService);
    const held: string[] = [];
    const recover = await masters.fail();
    let unavailable = 0;
    locks.events$.subscribe((event) => {
      if (event.type === 'acquired') held.push(...event.resources);
      else if (event.type === 'unavailable') unavailable += 1;
    });

    await lastValueFrom(app.get<ClientKafka>('KAFKA').emit('order.paid', { key: 'a', value: { id: '9' } }));
    await until('it was returned several times', () => unavailable > 2);
    await recover();

    await until('it is handled', () => held.includes('order:9'));
    expect(held).toEqual(['order:9']);
  });

  it('is returned to the broker where it is a request that says so, whose caller waits', async () => {
    const locks = app.get(LockService);
    let busy = 0;
    const lock = await locks.acquire('order:7');
    locks.events$.subscribe(({ type }) => {
      if (type === 'busy') busy += 1;
    });

    const answer = lastValueFrom(
      app.get<ClientKafka>('KAFKA').send('order.ship', { key: 'a', value: { id: '7' } }),
    );
    await until('it was returned several times', () => busy > 2);
    await lock.release();

    await expect(answer).resolves.toBe('shipped 7');
  });
});
