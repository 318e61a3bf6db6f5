import { join } from 'node:path';
import { Client, credentials, loadPackageDefinition, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import {
  Controller,
  ParseIntPipe,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type INestMicroservice,
} from '@nestjs/common';
import { GrpcMethod, GrpcStreamMethod, Payload, Transport } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { concatMap, from, map, Observable, of } from 'rxjs';
import { LockInterceptor, Locked, LockService } from '../../../lib';
import { findFreePort } from '../../helpers/free-port';
import { MemoryMasters } from './memory-masters';
import { lockedHandlers, NOW } from './locked-handlers';
import { BUSY, describeLockedHandlers, UNAVAILABLE } from './transport-contract';

const proto = join(__dirname, 'orders.proto');

/** To the message of the protocol. */
class Wrap {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(map((wrapped: unknown) => ({ text: JSON.stringify({ wrapped }) })));
  }
}

const handlers = lockedHandlers({
  ...{ handler: () => GrpcMethod('OrderService'), id: Payload('id', ParseIntPipe) },
  ...{ key: 'order:<0.id>', wrap: Wrap },
});

@Controller()
class OrderCalls extends handlers {
  @GrpcMethod('OrderService')
  @Locked('order:<0.id>', NOW)
  lines(@Payload() { id }: { id: string }): Observable<{ text: string }> {
    return of({ text: `${id}: 1` }, { text: `${id}: 2` });
  }

  @GrpcMethod('OrderService')
  @UseInterceptors(LockInterceptor('order:<0.id>', NOW))
  interceptorLines(@Payload() { id }: { id: string }) {
    return of({ text: `${id}: 1` }, { text: `${id}: 2` });
  }

  @GrpcStreamMethod('OrderService')
  both(ids: Observable<{ id: string }>): Observable<{ text: string }> {
    return ids.pipe(
      concatMap(({ id }) => from(this.locks.withLock(`order:${id}`, NOW, () => ({ text: `${id}: 1` })))),
    );
  }
}

type Method = (
  request: unknown,
  done: (error: ServiceError | null, answer: { text: string }) => void,
) => void;
type Stream = AsyncIterable<{ text: string }> & { end(request?: unknown): void };
type OrderClient = Client & Record<string, Method> & Record<string, (request?: unknown) => Stream>;
interface OrdersPackage {
  orders: { OrderService: new (url: string, credentials: unknown) => OrderClient };
}

describe('locks in calls of gRPC', () => {
  const masters = new MemoryMasters();
  let app: INestMicroservice;
  let client: OrderClient;

  beforeAll(async () => {
    const url = `127.0.0.1:${await findFreePort()}`;
    const module = await Test.createTestingModule({
      imports: [masters.module()],
      controllers: [OrderCalls],
    }).compile();
    app = module.createNestMicroservice({
      transport: Transport.GRPC,
      options: { url, package: 'orders', protoPath: proto },
    });
    app.useLogger(false);
    await app.listen();
    const { orders } = loadPackageDefinition(loadSync(proto)) as unknown as OrdersPackage;
    client = new orders.OrderService(url, credentials.createInsecure());
  });

  afterAll(async () => {
    client.close();
    await app.close();
  });

  const call = (method: string, id: string) =>
    new Promise<string>((resolve, reject) => {
      client[method]?.({ id }, (error, answer) => {
        if (error === null) resolve(answer.text);
        else reject(error);
      });
    });

  const read = async (method: string, id: string) => {
    const texts: string[] = [];
    const stream = client[method]?.(method === 'both' ? undefined : { id }) as Stream;
    if (method === 'both') stream.end({ id });
    for await (const { text } of stream) texts.push(text);
    return texts;
  };

  describeLockedHandlers({
    async ask(handler, id) {
      try {
        return await call(handler, id);
      } catch (error) {
        const { details, metadata } = error as ServiceError;
        // oxlint-disable-next-line typescript/only-throw-error -- what a client makes of it
        throw { code: metadata.get('lock-error-code')[0], message: details };
      }
    },
    locks: () => app.get(LockService),
    failNodes: () => masters.fail(),
  });

  it.each(['lines', 'interceptorLines', 'both'])('stream from %s under the lock', async (method) => {
    const texts = await read(method, '7');

    expect(texts).toEqual(method === 'both' ? ['7: 1'] : ['7: 1', '7: 2']);
    await (await app.get(LockService).acquire('order:7')).release();
  });

  const ways: [string, (id: string) => Promise<unknown>][] = [
    ...['above', 'interceptorAbove'].map((method) => [method, (id: string) => call(method, id)] as const),
    ...['lines', 'interceptorLines', 'both'].map(
      (method) => [method, (id: string) => read(method, id)] as const,
    ),
  ].map(([method, way]) => [method, way]);

  it.each(ways)(
    'end %s as ABORTED when busy, with the code and a pushback in the metadata',
    async (_name, ask) => {
      await using _lock = await app.get(LockService).acquire('order:7');

      const error = (await ask('7').catch((reason: unknown) => reason)) as ServiceError;

      expect(error).toMatchObject({ code: 10, details: BUSY.message });
      expect(error.metadata.get('lock-error-code')).toEqual([BUSY.code]);
      expect(error.metadata.get('grpc-retry-pushback-ms')).toEqual(['1000']);
      expect(JSON.stringify(error.metadata) + error.message).not.toContain('order:7');
    },
  );

  it.each(ways)('end %s as UNAVAILABLE when locks are', async (_name, ask) => {
    const repair = await masters.fail();

    const error = (await ask('7').catch((reason: unknown) => reason)) as ServiceError;

    expect(error).toMatchObject({ code: 14, details: UNAVAILABLE.message });
    expect(error.metadata.get('lock-error-code')).toEqual([UNAVAILABLE.code]);
    await repair();
  });

  it('end as INVALID_ARGUMENT when the request lacks a value of the key', async () => {
    const error = (await call('interceptorAbove', '').catch((reason: unknown) => reason)) as ServiceError;

    expect(error).toMatchObject({ code: 3 });
    expect(error.metadata.get('lock-error-code')).toEqual(['LOCK_KEY_INVALID']);
    expect(error.metadata.get('grpc-retry-pushback-ms')).toEqual([]);
  });
});
