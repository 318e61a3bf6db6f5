import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { type ExecutionContext, StreamableFile } from '@nestjs/common';
import { HttpExchange } from '../../../lib/nest/http-exchange';

class Files {
  read(): void {
    // Its result is given by each test.
  }
}

/** An exchange whose response Nest sends, as after a handler without `@Res()`. */
function exchange(): { exchange: HttpExchange; response: ServerResponse } {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
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
  ])('is sent after the lock was given back, where the handler comes to %s', (_, result) => {
    expect(exchange().exchange.over({ result })).toBeUndefined();
  });

  it('is under way when it has begun, whatever the handler comes to', () => {
    const { exchange: one, response } = exchange();
    response.flushHeaders();

    expect(one.over({ result: undefined })).toBeInstanceOf(Promise);
  });
});
