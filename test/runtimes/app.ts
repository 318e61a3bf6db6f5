// An application as users write it, for runtimes other than Node: `bun app.ts URL URL URL`, `deno run -A app.ts …`.
// Prints one line of JSON per check, and ends with 1 when one of them is wrong. tsconfig.json and deno.json beside it
// have what Nest needs of the compiler.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { Controller, Get, Injectable, Module, Param, UseInterceptors } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { of, type Observable } from 'rxjs';
import {
  CurrentLock,
  Locked,
  LockBusyError,
  LockInterceptor,
  LockService,
  RedlockModule,
  type Lock,
} from '@nest-quorum/redlock';

const nodes = process.argv.slice(2);

@Injectable()
class Orders {
  running = 0;
  most = 0;

  constructor(readonly locks: LockService) {}

  @Locked('order:<0>')
  async pay(_id: string): Promise<string> {
    this.running += 1;
    this.most = Math.max(this.most, this.running);
    await new Promise((resolve) => setTimeout(resolve, 20));
    this.running -= 1;
    return 'paid';
  }

  @Locked('stream:<0>', { returns: 'observable' })
  stream(id: string): Observable<unknown> {
    return of(this.locks.current(`stream:${id}`)?.isHeld);
  }

  @Locked('generator')
  async *generate(): AsyncGenerator<boolean> {
    yield await this.locks.isLocked('generator');
  }
}

@Controller('orders')
class OrderController {
  constructor(private readonly orders: Orders) {}

  @Get(':id')
  @UseInterceptors(LockInterceptor('order:<params.id>', { wait: 0 }))
  find(@Param('id') id: string, @CurrentLock() lock: Lock) {
    return { id, isHeld: lock.isHeld, locked: lock.resources };
  }

  @Get(':id/pay')
  async pay(@Param('id') id: string) {
    return { result: await this.orders.pay(id) };
  }
}

@Module({
  imports: [RedlockModule.forRoot({ nodes, defaults: { label: 'runtime test' } })],
  controllers: [OrderController],
  providers: [Orders],
})
class AppModule {}

async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: ['error'], abortOnError: false });
  // Without a list Nest listens to signals that Deno refuses, such as SIGILL.
  app.enableShutdownHooks(['SIGINT', 'SIGTERM']);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const orders = app.get(Orders);
  const locks = app.get(LockService);
  await locks.ready();

  await Promise.all(Array.from({ length: 10 }, () => orders.pay('1')));
  assert.equal(orders.most, 1);
  done('one caller at a time');

  {
    await using lock = await locks.acquire('order:7', { ttl: 1_000, fencing: true });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assert.equal(lock.isHeld, true);
    assert.equal(typeof lock.fencingToken, 'number');
    done('kept alive past its ttl, with a fencing token');

    assert.equal((await locks.inspect('order:7')).holder?.label, 'runtime test');
    const busy = await fetch(`${url}/orders/7`);
    assert.equal(busy.status, 409);
    await assert.rejects(locks.acquire('order:7', { wait: 50 }), LockBusyError);
    done('busy for others, over HTTP too');
  }

  const found = await fetch(`${url}/orders/7`);
  assert.deepEqual(await found.json(), { id: '7', isHeld: true, locked: ['order:7'] });
  assert.deepEqual(await (await fetch(`${url}/orders/8/pay`)).json(), { result: 'paid' });
  done('released by await using, and taken around a handler');

  const values: unknown[] = [];
  await orders.stream('a').forEach((value) => void values.push(value));
  for await (const value of orders.generate()) values.push(value);
  assert.deepEqual(values, [true, true]);
  done('held by streams');

  const controller = new AbortController();
  const held = await locks.acquire('gone');
  held.signal.addEventListener('abort', () => {
    controller.abort();
  });
  await locks.forceRelease('gone');
  await assert.rejects(held.extend());
  assert.equal(controller.signal.aborted, true);
  done('told when it is lost');

  await app.close();
  done('closed');
}

function done(check: string): void {
  console.log(JSON.stringify({ check }));
}

main().then(
  // Deno and Bun end by themselves, if nothing of ours keeps them.
  () => undefined,
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
