import { EventEmitter } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { type ExecutionContext, Res, StreamableFile } from '@nestjs/common';
import { EMPTY, of } from 'rxjs';
import { HttpExchange } from '../../../lib/nest/http-exchange';

class Files {
  read(): void {
    // Its result is given by each test.
  }
}

/** An exchange whose response Nest sends, as after a handler without `@Res()`. */
function exchange(response = new ServerResponse(new IncomingMessage(new Socket()))): {
  exchange: HttpExchange;
  response: ServerResponse;
} {
  const context = {
    getType: () => 'http',
    getClass: () => Files,
    getHandler: () => Reflect.get(Files.prototype, 'read') as unknown,
    switchToHttp: () => ({ getResponse: () => response }),
  } as unknown as ExecutionContext;
  return { exchange: HttpExchange.of(context) as HttpExchange, response };
}

async function* lines(): AsyncGenerator<string> {
  yield await Promise.resolve('line');
}

describe('a response', () => {
  it.each<[string, unknown]>([
    ['a StreamableFile', new StreamableFile(Buffer.from('a'))],
    ['what has a stream, as the StreamableFile of another copy of Nest', { getStream: () => undefined }],
    ['a stream of Node', new PassThrough()],
    ['what is piped only, as old streams are', { pipe: () => undefined }],
    ['a stream of the web', new ReadableStream()],
    ['one that is not iterable, as in some browsers and polyfills', { getReader: () => undefined }],
    ['a Response of the web', new Response('a')],
    ['an async iterable', lines()],
    ['a plain object with a stream in it, as interceptors make it', { data: new PassThrough() }],
    ['such an object without a prototype', Object.assign(Object.create(null), { data: lines() })],
  ])('is under way until it has finished, where the handler comes to %s', async (_, result) => {
    const { exchange: one, response } = exchange();

    const over = one.over({ result });

    expect(over).toBeInstanceOf(Promise);
    response.emit('finish');
    await over;
  });

  it.each<[string, unknown]>([
    ['a value', { id: 7 }],
    ['a text', 'a'],
    ['nothing', undefined],
    ['null', null],
    ['a list', ['a']],
    [
      'an object of a class with a stream in it',
      new (class Page {
        data = new PassThrough();
      })(),
    ],
    ['a stream deeper in an object', { page: { data: new PassThrough() } }],
  ])('is sent after the lock was released, where the handler comes to %s', (_, result) => {
    expect(exchange().exchange.over({ result })).toBeUndefined();
  });

  it('is under way when it has begun, whatever the handler comes to', () => {
    const { exchange: one, response } = exchange();
    response.flushHeaders();

    expect(one.over({ result: undefined })).toBeInstanceOf(Promise);
  });

  describe('of HTTP/2', () => {
    const of = (state: object) =>
      exchange(Object.assign(new EventEmitter(), state) as unknown as ServerResponse).exchange;
    const cancelled = { headersSent: true, writableFinished: true, writableEnded: false };

    it('whose client had cancelled before has lost it, and is not waited for', () => {
      const one = of({ ...cancelled, stream: { closed: true } });
      const onGone = jest.fn();

      one.watch(onGone);

      expect(onGone).toHaveBeenCalledTimes(1);
      expect(one.over({ result: undefined })).toBeUndefined();
    });

    it('that has its answer has not lost its client', () => {
      const onGone = jest.fn();

      of({ ...cancelled, writableEnded: true, stream: { closed: true } }).watch(onGone);

      expect(onGone).not.toHaveBeenCalled();
    });
  });
});

/** Its handler sends the answer itself. */
class Sent {
  read(@Res() _reply: unknown): void {
    // It does not run.
  }
}

describe('a request whose handler did not run', () => {
  function skipped(handlers: typeof Files | typeof Sent) {
    const raw = new ServerResponse(new IncomingMessage(new Socket()));
    const reply = { raw, header: jest.fn(), json: jest.fn(), send: jest.fn() };
    const context = {
      getType: () => 'http',
      getClass: () => handlers,
      getHandler: () => Reflect.get(handlers.prototype, 'read') as unknown,
      switchToHttp: () => ({ getResponse: () => reply }),
    } as unknown as ExecutionContext;
    return { reply, raw, skip: (body: unknown) => (HttpExchange.of(context) as HttpExchange).skip(body) };
  }

  it.each([
    [7, '7'],
    [false, 'false'],
    ['a', 'a'],
    [undefined, undefined],
    [null, null],
    [of(1, 2), '2'],
    [EMPTY, undefined],
  ])('is answered in its place with the text of %p', async (body, text) => {
    const { reply, skip } = skipped(Sent);

    await skip(body);

    expect(reply.header).toHaveBeenCalledWith('Lock-Skipped', 'true');
    expect(reply.send.mock.calls).toEqual([[text]]);
    expect(reply.json).not.toHaveBeenCalled();
  });

  it.each([{ id: 7 }, of({ id: 7 })])('is answered in its place with the JSON of %p', async (body) => {
    const { reply, skip } = skipped(Sent);

    await skip(body);

    expect(reply.json.mock.calls).toEqual([[{ id: 7 }]]);
    expect(reply.send).not.toHaveBeenCalled();
  });

  it('is answered by Nest where its handler would not have answered by itself', async () => {
    const { reply, skip } = skipped(Files);

    await expect(skip({ id: 7 })).resolves.toEqual({ id: 7 });

    expect(reply.header).toHaveBeenCalledTimes(1);
    expect(reply.json).not.toHaveBeenCalled();
    expect(reply.send).not.toHaveBeenCalled();
  });

  it.each(['has begun', 'is closed'])('is left alone when its response %s', async (state) => {
    const { reply, raw, skip } = skipped(Sent);
    if (state === 'has begun') raw.flushHeaders();
    else raw.destroy();

    await expect(skip('a')).resolves.toBe('a');

    expect(reply.header).not.toHaveBeenCalled();
    expect(reply.send).not.toHaveBeenCalled();
  });
});
