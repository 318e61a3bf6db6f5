import type { INestMicroservice } from '@nestjs/common';
import { ClientProxyFactory, Transport, type ClientProxy, type RedisOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { RedisServer } from '../../helpers/redis-server';
import { describeLockedMessages } from './microservice-contract';
import { OrderMessages } from './microservice-controller';
import { RedisMasters } from './redis-masters';

describe('locks in a microservice over Redis, on masters of Redis', () => {
  let masters: RedisMasters;
  let broker: RedisServer;
  let app: INestMicroservice;
  let client: ClientProxy;

  const overRedis = (): RedisOptions => ({
    transport: Transport.REDIS,
    options: { host: '127.0.0.1', port: broker.port },
  });
  const connect = async () => {
    const connected = ClientProxyFactory.create(overRedis());
    await connected.connect();
    return connected;
  };

  beforeAll(async () => {
    [masters, broker] = await Promise.all([RedisMasters.start(), RedisServer.start()]);
    const redis = overRedis();
    const module = await Test.createTestingModule({
      imports: [masters.module()],
      controllers: [OrderMessages],
    }).compile();
    app = module.createNestMicroservice(redis);
    app.useLogger(false);
    await app.listen();
    client = await connect();
  });

  afterAll(async () => {
    await client.close();
    await app.close();
    await Promise.all([masters.stop(), broker.stop()]);
  });

  describeLockedMessages({
    client: () => client,
    connect,
    controller: () => app.get(OrderMessages),
    locks: () => masters.others,
    failNodes: () => masters.fail(),
  });
});
