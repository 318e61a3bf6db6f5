import type { INestMicroservice, Type } from '@nestjs/common';
import { ClientsModule, Transport, type ClientProxy } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { LockService } from '../../../lib';
import type { Broker } from '../../helpers/broker';
import { runBlock } from '../../helpers/document-module';
import { startMosquitto } from '../../helpers/mosquitto';
import { until } from '../../helpers/until';
import { MemoryMasters } from '../transports/memory-masters';

const { OrderTopics } = runBlock('docs/QUEUES.md', 'class OrderTopics', {
  change: (code) => code.replace('wait: 1_000', 'wait: 0'),
}) as { OrderTopics: Type<{ paid: string[] }> };

describe('a message of MQTT whose lock is busy', () => {
  const masters = new MemoryMasters();
  let broker: Broker;
  let app: INestMicroservice;

  beforeAll(async () => {
    broker = await startMosquitto();
    const mqtt = { transport: Transport.MQTT, options: { url: `mqtt://127.0.0.1:${broker.port}` } } as const;
    const module = await Test.createTestingModule({
      imports: [masters.module(), ClientsModule.register([{ name: 'MQTT', ...mqtt }])],
      controllers: [OrderTopics],
    }).compile();
    app = module.createNestMicroservice(mqtt);
    app.useLogger(false);
    await app.listen();
  });

  afterAll(async () => {
    await app.close();
    await broker.stop();
  });

  it('is published again, and handled when the lock is free', async () => {
    const { paid } = app.get(OrderTopics);
    const client = app.get<ClientProxy>('MQTT');
    await client.connect();
    const lock = await app.get(LockService).acquire('order:7');

    client.emit('orders/paid', { id: '7' });
    client.emit('orders/paid', { id: '8' });
    await until('the free one is handled', () => paid.includes('8'));
    expect(paid).toEqual(['8']);
    await lock.release();

    await until('the other one too', () => paid.includes('7'));
    expect(paid).toEqual(['8', '7']);
  });
});
