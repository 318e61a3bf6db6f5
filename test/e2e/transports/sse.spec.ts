import { get as httpGet, type IncomingMessage } from 'node:http';
import {
  Controller,
  Injectable,
  Param,
  Sse,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type INestApplication,
  type MessageEvent,
  type NestInterceptor,
} from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Observable, Subject } from 'rxjs';
import { LockInterceptor, Locked, LockService } from '../../../lib';
import { until } from '../../helpers/until';
import { MemoryMasters } from './memory-masters';
import { BUSY, UNAVAILABLE } from './transport-contract';

/** Long enough that Nest has begun its response before the lock is given up. */
const WAIT = { wait: 150 };
const events = new Subject<MessageEvent>();

@Injectable()
class Plain implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle();
  }
}

@Controller()
class ProgressController {
  @Sse('locked/:id')
  @Locked('import:<0>', WAIT)
  locked(@Param('id') _id: string): Observable<MessageEvent> {
    return events;
  }

  @Locked('import:<0>', WAIT)
  @UseInterceptors(Plain)
  @Sse('wrapped/:id')
  wrapped(@Param('id') _id: string): Observable<MessageEvent> {
    return events;
  }

  @Sse('promised/:id')
  @Locked('import:<0>', WAIT)
  async promised(@Param('id') _id: string): Promise<Observable<MessageEvent>> {
    return Promise.resolve(events.asObservable());
  }

  @Sse('intercepted/:id')
  @UseInterceptors(Plain, LockInterceptor('import:<params.id>', WAIT), Plain)
  intercepted(): Observable<MessageEvent> {
    return events;
  }

  @Sse('nested/:id')
  @UseInterceptors(LockInterceptor('imports', WAIT))
  @Locked('import:<0>', WAIT)
  nested(@Param('id') _id: string): Observable<MessageEvent> {
    return events;
  }

  @Sse('skipped/:id')
  @UseInterceptors(Plain)
  @Locked('import:<0>', { ...WAIT, onBusy: 'skip' })
  skipped(@Param('id') _id: string): Observable<MessageEvent> {
    return events;
  }

  @Sse('skippedOutside/:id')
  @UseInterceptors(LockInterceptor('import:<params.id>', { ...WAIT, onBusy: 'skip' }))
  skippedOutside(): Observable<MessageEvent> {
    return events;
  }
}

const HANDLERS = ['locked', 'wrapped', 'promised', 'intercepted', 'nested'];

const platforms = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
] as const;

describe.each(platforms)('locks around server-sent events, on %s', (_platform, newAdapter) => {
  const masters = new MemoryMasters();
  let app: INestApplication;

  beforeAll(async () => {
    const module = await Test.createTestingModule({
      imports: [masters.module()],
      controllers: [ProgressController],
    }).compile();
    app = module.createNestApplication(newAdapter() as ExpressAdapter);
    app.useLogger(false);
    await app.listen(0, '127.0.0.1');
  });

  afterAll(async () => {
    await app.close();
  });

  const open = async (path: string) => {
    const url = `${await app.getUrl()}/${path}/7`;
    return new Promise<IncomingMessage>((resolve, reject) => {
      httpGet(url, { agent: false }, resolve).on('error', reject);
    });
  };

  const read = async (path: string) => {
    const response = await open(path);
    let text = '';
    for await (const part of response) text += String(part);
    return { status: response.statusCode, type: response.headers['content-type'], text, response };
  };

  it.each(HANDLERS)('are a 409 at /%s when busy, and no stream with an error in it', async (path) => {
    await using _lock = await app.get(LockService).acquire('import:7');

    const { status, type, text, response } = await read(path);

    expect({ status, type }).toEqual({ status: 409, type: expect.stringContaining('json') as unknown });
    expect(JSON.parse(text)).toEqual({ statusCode: 409, error: 'Conflict', ...BUSY });
    expect(response.headers['retry-after']).toBe('1');
  });

  it.each(HANDLERS)('are a 503 at /%s when they are not available', async (path) => {
    const repair = await masters.fail();

    const { status, text } = await read(path);

    await repair();
    expect(status).toBe(503);
    expect(JSON.parse(text)).toMatchObject(UNAVAILABLE);
  });

  it.each(HANDLERS)('let /%s stream when they were waited for, from its head on', async (path) => {
    const lock = await app.get(LockService).acquire('import:7');
    const opened = open(path);
    setTimeout(() => void lock.release(), 50);

    const response = await opened; // before there is any event

    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toContain('text/event-stream');
    await until('it is subscribed to', () => events.observed);
    events.next({ data: 'first' });
    await until('it has come', () => {
      const part = response.read() as Buffer | null;
      return part?.toString().includes('first') === true;
    });
    response.destroy();
    await until('it has ended', () => !events.observed);
    await (await app.get(LockService).acquire('import:7')).release();
  });

  it.each(['skipped', 'skippedOutside'])(
    'are an empty stream at /%s, which skips when busy',
    async (path) => {
      await using _lock = await app.get(LockService).acquire('import:7');

      const { status, text } = await read(path);

      expect({ status, text: text.trim() }).toEqual({ status: 200, text: '' });
    },
  );
});
