import { once } from 'node:events';
import { ParseIntPipe, UseFilters, type INestApplication } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { Test } from '@nestjs/testing';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { LockExceptionFilter, LockService } from '../../../lib';
import { nestMajor } from '../../helpers/nest-major';
import { lockedHandlers } from './locked-handlers';
import { MemoryMasters } from './memory-masters';
import { describeLockedHandlers } from './transport-contract';

const handlers = lockedHandlers({
  handler: (name) => SubscribeMessage(name),
  id: MessageBody('id', ParseIntPipe),
  key: 'order:<1.id>',
});

@WebSocketGateway()
@UseFilters(LockExceptionFilter)
class OrderGateway extends handlers {}

interface Client {
  /** Rejects with what comes as an exception. */
  ask(message: string, data: { id: string }): Promise<string>;
  close(): void;
}

async function connectSocketIo(url: string): Promise<Client> {
  const socket = io(url, { transports: ['websocket'], forceNew: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
  return {
    ask: (message, data) =>
      new Promise((resolve, reject) => {
        socket.once('exception', reject);
        socket.emit(message, data, (answer: string) => {
          socket.off('exception', reject);
          resolve(answer);
        });
      }),
    close: () => socket.close(),
  };
}

async function connectWs(url: string): Promise<Client> {
  const socket = new WebSocket(url.replace('http', 'ws'));
  await once(socket, 'open');
  return {
    async ask(event, data) {
      const answered = once(socket, 'message');
      socket.send(JSON.stringify({ event, data }));
      const [answer] = (await answered) as [Buffer];
      const message = JSON.parse(answer.toString()) as string | Exception;
      if (typeof message === 'string') return message;
      throw message.data;
    },
    close: () => {
      socket.close();
    },
  };
}

interface Exception {
  event: 'exception';
  data: Error;
}

const adapters = [
  ['socket.io', (app: INestApplication) => new IoAdapter(app), connectSocketIo],
  ['ws', (app: INestApplication) => new WsAdapter(app), connectWs],
] as const;

describe.each(adapters)('locks in a gateway on %s', (adapter, createAdapter, connect) => {
  const masters = new MemoryMasters();
  let app: INestApplication;
  let client: Client;

  beforeAll(async () => {
    const module = await Test.createTestingModule({
      imports: [masters.module()],
      providers: [OrderGateway],
    }).compile();
    app = module.createNestApplication();
    app.useLogger(false);
    app.useWebSocketAdapter(createAdapter(app));
    await app.listen(0, '127.0.0.1');
    client = await connect(await app.getUrl());
  });

  afterAll(async () => {
    client.close();
    await app.close();
  });

  describeLockedHandlers({
    ask: (handler, id) => client.ask(handler, { id }),
    locks: () => app.get(LockService),
    failNodes: () => masters.fail(),
    // Before Nest 12 its own filter sends nothing to a client of ws.
    hearsOfGuards: adapter !== 'ws' || nestMajor >= 12,
  });

  it('tells the client which message it was', async () => {
    await using _lock = await app.get(LockService).acquire('order:7');

    await expect(client.ask('above', { id: '7' })).rejects.toEqual({
      status: 'error',
      code: 'LOCK_BUSY',
      message: 'The resource is in use. Try again later.',
      cause: { pattern: 'above', data: { id: '7' } },
    });
  });
});
