import type { AddressInfo, Server } from 'node:net';
import type { INestApplication, INestMicroservice } from '@nestjs/common';
import { ClientProxyFactory, NestMicroservice, Transport, type ClientProxy } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { firstValueFrom } from 'rxjs';
import { LockService } from '../../../lib';
import { findFreePort } from '../../helpers/free-port';
import { MemoryMasters } from './memory-masters';
import { describeLockedMessages } from './microservice-contract';
import { OrderMessages } from './microservice-controller';
import { BUSY } from './transport-contract';

const masters = new MemoryMasters();
const compile = () =>
  Test.createTestingModule({ imports: [masters.module()], controllers: [OrderMessages] }).compile();

/** Nest 10 does not tell the port that it was given. */
const tellsPort = typeof (NestMicroservice.prototype as Partial<INestMicroservice>).unwrap === 'function';
const chosenPort = () => (tellsPort ? 0 : findFreePort());

const tcp = (port: number) => ({ transport: Transport.TCP, options: { host: '127.0.0.1', port } }) as const;

async function connectTo(microservice: INestMicroservice, chosen: number): Promise<ClientProxy> {
  const { port } = chosen === 0 ? (microservice.unwrap<Server>().address() as AddressInfo) : { port: chosen };
  const client = ClientProxyFactory.create(tcp(port));
  await client.connect();
  return client;
}

describe('locks in a microservice over TCP', () => {
  let app: INestMicroservice;
  let client: ClientProxy;
  let port: number;

  beforeAll(async () => {
    port = await chosenPort();
    app = (await compile()).createNestMicroservice(tcp(port));
    app.useLogger(false);
    await app.listen();
    client = await connectTo(app, port);
  });

  afterAll(async () => {
    await client.close();
    await app.close();
  });

  describeLockedMessages({
    client: () => client,
    connect: () => connectTo(app, port),
    controller: () => app.get(OrderMessages),
    locks: () => app.get(LockService),
    failNodes: () => masters.fail(),
  });
});

describe('a microservice of an HTTP application', () => {
  let app: INestApplication;
  let client: ClientProxy;

  const start = async (inheritAppConfig: boolean) => {
    app = (await compile()).createNestApplication();
    app.useLogger(false);
    const port = await chosenPort();
    const microservice = app.connectMicroservice(tcp(port), { inheritAppConfig });
    await app.startAllMicroservices();
    await app.init();
    client = await connectTo(microservice, port);
  };

  afterEach(async () => {
    await client.close();
    await app.close();
  });

  it.each([
    [true, BUSY],
    [false, { message: 'Internal server error' }],
  ])('has the exception filter by inheritAppConfig: %s', async (inheritAppConfig, expected) => {
    await start(inheritAppConfig);
    await using _lock = await app.get(LockService).acquire('order:7');

    await expect(firstValueFrom(client.send('above', { id: '7' }))).rejects.toMatchObject(expected);
  });
});
