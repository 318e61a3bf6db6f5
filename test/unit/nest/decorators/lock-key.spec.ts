import { Body, Controller, Param, ParseIntPipe, Post, type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import {
  bindLockService,
  createLockService,
  CurrentLock,
  Limited,
  Locked,
  LockKey,
  LockKeyError,
  LockOptionsError,
  MemoryLockNode,
  RedlockModule,
  type Lock,
  type LockService,
} from '../../../../lib';

class Orders {
  @Locked('order:<id>')
  async pay(_amount: number, @LockKey('id') _orderId: string, @CurrentLock() lock?: Lock) {
    return Promise.resolve(lock?.resources);
  }

  @Locked(['<from.number|trim>:<0>', { shared: '<to>' }])
  async move(
    _n: number,
    @LockKey('from') _from: { number: string },
    @LockKey('to') _to: string,
    @CurrentLock() lock?: Lock,
  ) {
    return Promise.resolve(lock?.resources);
  }

  @Limited('order:<key>', { limit: 2 })
  async call(_what: string, @LockKey() _id: string, @CurrentLock() lock?: Lock) {
    return Promise.resolve(lock?.resources);
  }
}

describe('a parameter that @LockKey names', () => {
  let locks: LockService;
  let orders: Orders;

  beforeEach(() => {
    locks = createLockService({ nodes: [new MemoryLockNode()] });
    orders = bindLockService(new Orders(), locks);
  });

  afterEach(() => locks.close());

  it('is in the key, wherever it stands', async () => {
    await expect(orders.pay(5, '7')).resolves.toEqual(['order:7']);
  });

  it('has paths and forms, and stands beside positions and resources that are only read', async () => {
    await expect(orders.move(1, { number: ' a ' }, 'b')).resolves.toEqual(['a:1', 'b']);
  });

  it('is called key where nothing else is said', async () => {
    await expect(orders.call('mail', '7')).resolves.toEqual(['order:7']);
  });

  it('is a LockKeyError when its value is missing', async () => {
    await expect(orders.pay(5, '')).rejects.toThrow(LockKeyError);
  });

  it('has to be there when a template names it, and says so with the method', () => {
    const define = () => {
      class Wrong {
        @Locked('order:<id>')
        async pay(@LockKey('orderId') _id: string) {
          await Promise.resolve();
        }
      }
      return Wrong;
    };

    expect(define).toThrow(LockKeyError);
    expect(define).toThrow('@Locked on Wrong.pay: its key names <id>, and no parameter has @LockKey("id").');
  });

  it.each(['this', '', '0', 'a.b', 7 as unknown as string])('is not called %p', (name) => {
    expect(() => LockKey(name)).toThrow(LockOptionsError);
  });

  it('is one of its name', () => {
    expect(() => {
      class Twice {
        async pay(@LockKey('id') _one: string, @LockKey('id') _other: string) {
          await Promise.resolve();
        }
      }
      return Twice;
    }).toThrow('names two parameters of pay "id"');
  });

  it('is none of a constructor or of a static method', () => {
    expect(() => {
      LockKey('id')(Orders, undefined, 0);
    }).toThrow(LockOptionsError);
    expect(() => {
      LockKey('id')(Orders, 'of', 0);
    }).toThrow(LockOptionsError);
  });
});

@Controller('orders')
class OrderController {
  @Post(':id')
  @Locked('order:<id>')
  async pay(
    @Body() _body: object,
    @Param('id', ParseIntPipe) @LockKey('id') _id: number,
    @CurrentLock() lock?: Lock,
  ) {
    return Promise.resolve(lock?.resources);
  }
}

describe('a parameter of a handler that @LockKey names', () => {
  let app: INestApplication;

  afterEach(() => app.close());

  it('is in the key as its pipes made it', async () => {
    const module = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()] })],
      controllers: [OrderController],
    }).compile();
    app = module.createNestApplication();
    await app.init();

    await request(app.getHttpServer() as Parameters<typeof request>[0])
      .post('/orders/007')
      .expect(201, ['order:7']);
  });
});
