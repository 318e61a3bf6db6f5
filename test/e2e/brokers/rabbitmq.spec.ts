import type { INestMicroservice, Type } from '@nestjs/common';
import { ClientProxyFactory, type ClientProxy, type RmqOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { connect, type ChannelModel, type Options } from 'amqplib';
import { lastValueFrom } from 'rxjs';
import { LockService } from '../../../lib';
import type { Broker } from '../../helpers/broker';
import { runBlock } from '../../helpers/document-module';
import { startRabbitMq } from '../../helpers/rabbitmq-server';
import { until } from '../../helpers/until';
import { MemoryMasters } from '../transports/memory-masters';

const { LATER, ORDERS, SEND_ORDERS, OrderEvents } = runBlock('docs/QUEUES.md', 'class OrderEvents', {
  change: (code) => code.replace('5_000', '200'),
}) as {
  LATER: Options.AssertQueue;
  ORDERS: RmqOptions;
  SEND_ORDERS: RmqOptions;
  OrderEvents: Type<{ paid: string[] }>;
};

describe('a message of RabbitMQ whose lock cannot be had', () => {
  const masters = new MemoryMasters();
  let broker: Broker;
  let connection: ChannelModel;
  let app: INestMicroservice;
  let sender: ClientProxy;

  beforeAll(async () => {
    broker = await startRabbitMq();
    const url = `amqp://127.0.0.1:${broker.port}`;
    connection = await connect(url);
    await (await connection.createChannel()).assertQueue('orders.later', LATER);
    const module = await Test.createTestingModule({
      imports: [masters.module()],
      controllers: [OrderEvents],
    }).compile();
    app = module.createNestMicroservice({ ...ORDERS, options: { ...ORDERS.options, urls: [url] } });
    app.useLogger(false);
    await app.listen();
    const options = { ...SEND_ORDERS.options, urls: [url] };
    sender = ClientProxyFactory.create({ ...SEND_ORDERS, options });
  }, 120_000); // Erlang takes its time

  afterAll(async () => {
    await sender.close();
    await app.close();
    await connection.close();
    await broker.stop();
  });

  const paid = () => app.get(OrderEvents).paid;
  const emit = (id: string) => lastValueFrom(sender.emit('order.paid', { id }), { defaultValue: undefined });

  it('is out of the way of the next one while it is busy, and comes back', async () => {
    const lock = await app.get(LockService).acquire('order:7');

    await emit('7');
    await emit('8');
    await until('the free one is handled', () => paid().includes('8'));
    expect(paid()).toEqual(['8']);
    await lock.release();

    await until('the other one too', () => paid().includes('7'));
  });

  it('comes back while locks are not available', async () => {
    const repair = await masters.fail();

    await emit('9');
    const channel = await connection.createChannel();
    await until('it is put off', async () => (await channel.checkQueue('orders.later')).messageCount === 1);
    await repair();

    await until('it is handled', () => paid().includes('9'));
    await channel.close();
  });
});
