import { once } from 'node:events';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { Controller, Sse, type INestApplication, type MessageEvent } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { interval, map, type Observable } from 'rxjs';
import { createLockService, Locked, MemoryLockNode, RedlockModule, type LockService } from '../../../lib';

@Controller()
class Imports {
  @Sse('progress')
  @Locked('import', { wait: 0, maxHold: 60_000, returns: 'observable' })
  progress(): Observable<MessageEvent> {
    return interval(10).pipe(map((second) => ({ data: { second } })));
  }
}

let node: MemoryLockNode;
let other: LockService;
let app: INestApplication;

beforeEach(() => {
  node = new MemoryLockNode();
  // Another process.
  other = createLockService({ nodes: [node], defaults: { wait: 0 } });
});

afterEach(() => other.close());

async function start(adapter: ExpressAdapter | FastifyAdapter, forceCloseConnections: boolean) {
  const module = await Test.createTestingModule({
    imports: [RedlockModule.forRoot({ nodes: [node] })],
    controllers: [Imports],
  }).compile();
  app = module.createNestApplication(adapter, { forceCloseConnections, logger: false });
  await app.listen(0, '127.0.0.1');
}

/** A client that stays. */
async function connect(): Promise<IncomingMessage> {
  const asked = httpGet(`${await app.getUrl()}/progress`);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  response.on('error', () => undefined);
  await once(response, 'data');
  return response;
}

describe.each([
  ['Express', () => new ExpressAdapter()],
  // Those of older versions of Nest have it as an option of their own.
  ['Fastify', (forceCloseConnections: boolean) => new FastifyAdapter({ forceCloseConnections })],
])('shutdown of %s', (_, adapter) => {
  it('waits for a stream of events, and keeps its lock, as long as the client stays', async () => {
    await start(adapter(false), false);
    const response = await connect();

    const closed = jest.fn();
    const closing = app.close().then(closed);
    await once(response, 'data');

    expect(closed).not.toHaveBeenCalled();
    expect(await other.isLocked('import')).toBe(true);

    response.destroy();
    await closing;
    expect(await other.isLocked('import')).toBe(false);
  });

  it('stops a stream of events, and gives its lock back, with forceCloseConnections', async () => {
    await start(adapter(true), true);
    const response = await connect();
    const closed = new Promise((resolve) => response.once('close', resolve));

    await app.close();

    await closed;
    expect(await other.isLocked('import')).toBe(false);
  });
});
