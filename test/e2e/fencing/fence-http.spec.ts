import {
  Controller,
  type INestApplication,
  Injectable,
  Module,
  Param,
  Post,
  UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AddressInfo } from 'node:net';
import { createLockService, MemoryLockNode, type LockService } from '../../../lib';
import {
  type Fence,
  FenceGuard,
  type FenceStore,
  fenceHeaders,
  fenceOf,
  MemoryFenceStore,
  RequestFence,
} from '../../../lib/fencing';

const own = new MemoryFenceStore();

/** A provider of the application. */
@Injectable()
class InjectedStore implements FenceStore {
  private readonly store = new MemoryFenceStore();

  accept(resource: string, fence: Fence): Promise<boolean> {
    return Promise.resolve(this.store.accept(resource, fence));
  }
}

@Controller()
class PaymentsController {
  @Post('orders/:id/payments')
  @UseGuards(FenceGuard('order:<params.id>', { store: own }))
  pay(@Param('id') id: string, @RequestFence() fence: Fence) {
    return { id, fence };
  }

  @Post('refunds/:id')
  @UseGuards(FenceGuard(['refund:<params.id>', 'refunds'], { inject: InjectedStore }))
  refund() {
    return 'refunded';
  }

  @Post('notes/:id')
  @UseGuards(FenceGuard('note:<params.id>', { store: own, required: false }))
  note(@RequestFence({ required: false }) fence?: Fence) {
    return { hasFence: fence !== undefined };
  }

  @Post('receipts')
  receipt(@RequestFence() fence: Fence) {
    return { fence };
  }

  @Post('archive')
  archive(@RequestFence({ maxAhead: Infinity }) fence: Fence) {
    return { fence };
  }

  @Post('plans/:id')
  @UseGuards(FenceGuard('plan:<params.id|int>', { store: own, maxAhead: Infinity }))
  plan(@Param('id') id: string, @RequestFence() fence: Fence) {
    return { id, fence };
  }

  @Post('drafts/:id')
  @UseGuards(FenceGuard('draft:<params.id>', { store: new MemoryFenceStore({ maxEntries: 1 }) }))
  draft() {
    return 'kept';
  }
}

@Module({ controllers: [PaymentsController], providers: [InjectedStore] })
class PaymentsModule {}

let app: INestApplication;
let url: string;
let locks: LockService;
let others: LockService;

beforeAll(async () => {
  app = await NestFactory.create(PaymentsModule, { logger: false });
  await app.listen(0, '127.0.0.1');
  const { port } = (app.getHttpServer() as { address(): AddressInfo }).address();
  url = `http://127.0.0.1:${port}`;
  const nodes = [new MemoryLockNode()];
  // The tests leave their locks to the end, which waits for no holder.
  const options = { nodes, defaults: { fencing: true }, shutdownTimeout: 0 };
  locks = createLockService(options);
  others = createLockService(options);
});

afterAll(async () => {
  await Promise.all([locks.close(), others.close()]);
  await app.close();
});

async function post(path: string, headers?: Record<string, string>) {
  const response = await fetch(url + path, { method: 'POST', headers });
  const body = await response.text();
  return { status: response.status, body: body.startsWith('{') ? (JSON.parse(body) as object) : body };
}

/** Two holds, one after the other; the first goes on as if nothing had happened. */
async function twoHolders(resource: string) {
  const paused = await locks.acquire(resource);
  await locks.forceRelease(resource);
  return [paused, await others.acquire(resource)] as const;
}

describe('a service that is called by holders of a lock', () => {
  it('takes requests of a later holder, and none of the one before from then on', async () => {
    const [paused, later] = await twoHolders('order:7');

    const first = await post('/orders/7/payments', fenceHeaders(paused));
    const second = await post('/orders/7/payments', fenceHeaders(later));
    const again = await post('/orders/7/payments', fenceHeaders(later));
    const late = await post('/orders/7/payments', fenceHeaders(paused));

    expect(first).toEqual({ status: 201, body: { id: '7', fence: fenceOf(paused) } });
    expect([second.status, again.status]).toEqual([201, 201]);
    expect(late).toEqual({
      status: 412,
      body: {
        statusCode: 412,
        error: 'Precondition Failed',
        code: 'FENCE_STALE',
        message: expect.any(String) as string,
      },
    });
    expect(JSON.stringify(late.body)).not.toMatch(/order|\d{16}/);
  });

  it('compares per resource, and several of them', async () => {
    const [paused, later] = await twoHolders('refunds');

    expect((await post('/refunds/1', fenceHeaders(later))).status).toBe(201);
    expect((await post('/refunds/2', fenceHeaders(paused))).status).toBe(412);
    expect((await post('/orders/9/payments', fenceHeaders(paused))).status).toBe(201);
  });

  it('wants a fence, and a whole one', async () => {
    const { 'Fencing-Token': token } = fenceHeaders(await locks.acquire('order:8'));

    expect(await post('/orders/8/payments')).toMatchObject({ status: 428, body: { code: 'FENCE_MISSING' } });
    expect(await post('/orders/8/payments', { 'Fencing-Token': token })).toMatchObject({
      status: 400,
      body: { code: 'FENCE_INVALID' },
    });
    // A handler without the parameter, and one without the guard.
    expect(await post('/refunds/8')).toMatchObject({ status: 428, body: { code: 'FENCE_MISSING' } });
    expect(await post('/receipts')).toMatchObject({ status: 428, body: { code: 'FENCE_MISSING' } });
  });

  it('may let those pass that send none, and still no stale one', async () => {
    const [paused, later] = await twoHolders('note:7');

    expect(await post('/notes/7')).toEqual({ status: 201, body: { hasFence: false } });
    expect(await post('/notes/7', fenceHeaders(later))).toEqual({ status: 201, body: { hasFence: true } });
    expect((await post('/notes/7', fenceHeaders(paused))).status).toBe(412);
  });

  it('answers 400 for a number of a later year, at the guard and at the parameter, and goes on to take real ones', async () => {
    const fence = { 'Fencing-Token': String(Number.MAX_SAFE_INTEGER), 'Fencing-Owner': 'anna' };
    const ahead = { status: 400, body: { statusCode: 400, code: 'FENCE_AHEAD' } };

    expect(await post('/orders/10/payments', fence)).toMatchObject(ahead);
    expect(await post('/receipts', fence)).toMatchObject(ahead);
    // What the guard says holds for the parameter behind it.
    expect((await post('/plans/7', fence)).status).toBe(201);
    // And what the parameter says where there is none.
    expect((await post('/archive', fence)).status).toBe(201);
    const lock = await locks.acquire('order:10');
    expect((await post('/orders/10/payments', fenceHeaders(lock))).status).toBe(201);
  });

  it('answers 400 for a name that no lock can have, and 503 when it can remember no more of them', async () => {
    const headers = fenceHeaders(await locks.acquire('draft:1'));

    expect(await post(`/drafts/${'a'.repeat(1_025)}`, headers)).toMatchObject({
      status: 400,
      body: { statusCode: 400, error: 'Bad Request', code: 'FENCE_RESOURCE_INVALID' },
    });
    expect(await post('/plans/seven', headers)).toMatchObject({ status: 400 });
    expect((await post('/drafts/1', headers)).status).toBe(201);
    expect(await post('/drafts/2', headers)).toMatchObject({
      status: 503,
      body: { statusCode: 503, error: 'Service Unavailable', code: 'FENCE_STORE_FULL' },
    });
    expect((await post('/drafts/1', headers)).status).toBe(201);
  });

  it('keeps a stale holder out of all spellings of a resource', async () => {
    const [paused, later] = await twoHolders('plan:7');

    expect((await post('/plans/8', fenceHeaders(later))).status).toBe(201);
    expect((await post('/plans/08', fenceHeaders(paused))).status).toBe(412);
    expect((await post('/plans/0008', fenceHeaders(paused))).status).toBe(412);
  });

  it('does not start with a store that nobody provides', async () => {
    @Controller()
    class Lost {
      @Post()
      @UseGuards(FenceGuard('order', { inject: InjectedStore }))
      pay() {
        return 'paid';
      }
    }
    @Module({ controllers: [Lost] })
    class LostModule {}

    const starting = NestFactory.create(LostModule, { logger: false, abortOnError: false });

    await expect(starting).rejects.toMatchObject({ code: 'LOCK_OPTIONS_INVALID', option: 'inject' });
  });
});
