import 'reflect-metadata';
import {
  Controller,
  type ExecutionContext,
  Injectable,
  type INestApplication,
  type NestInterceptor,
  type CallHandler,
  Post,
  type Type,
  UseInterceptors,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ClsPluginTransactional, Transactional, TransactionHost } from '@nestjs-cls/transactional';
import { TransactionalAdapterTypeOrm } from '@nestjs-cls/transactional-adapter-typeorm';
import { ClsModule } from 'nestjs-cls';
import {
  CurrentLock,
  type Lock,
  Locked,
  LockInterceptor,
  MemoryLockNode,
  RedlockModule,
} from '@nest-quorum/redlock';
import { from, lastValueFrom, type Observable } from 'rxjs';
import request from 'supertest';
import { DataSource } from 'typeorm';
import {
  addTransactionalDataSource,
  deleteDataSourceByName,
  initializeTransactionalContext,
  runOnTransactionComplete,
  Transactional as TypeOrmTransactional,
} from 'typeorm-transactional';
import { runBlock } from '../../helpers/document-module';
import { PostgresServer } from '../../helpers/postgres-server';
import { holdLocks } from './cls-adapter';
import { beforeCommit, Stock, takeOne } from './stock';
import { holdLocksUntilCommit } from './typeorm-adapter';
import { LockService } from '../../../lib';

type ClsHost = TransactionHost<TransactionalAdapterTypeOrm>;

@Injectable()
class Shop {
  constructor(private readonly host: TransactionHost) {}

  @Transactional()
  @Locked('stock')
  transactionOutside(): Promise<void> {
    return this.takeOne();
  }

  @Locked('stock')
  @Transactional()
  transactionInside(): Promise<void> {
    return this.takeOne();
  }

  /** Stands for a caller that has a transaction of its own. */
  @Transactional()
  called(): Promise<void> {
    return this.transactionInside();
  }

  async takeOne(): Promise<void> {
    const { tx } = this.host as ClsHost;
    await takeOne((sql, values) => tx.query(sql, values));
  }
}

@Injectable()
class TransactionInterceptor implements NestInterceptor {
  constructor(private readonly host: TransactionHost) {}

  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return from(this.host.withTransaction(() => lastValueFrom(next.handle())));
  }
}

@Controller()
class ShopController {
  constructor(private readonly shop: Shop) {}

  @Post('outside')
  @UseInterceptors(TransactionInterceptor, LockInterceptor('stock'))
  outside(): Promise<void> {
    return this.shop.takeOne();
  }

  @Post('inside')
  @UseInterceptors(LockInterceptor('stock'), TransactionInterceptor)
  inside(): Promise<void> {
    return this.shop.takeOne();
  }
}

@Injectable()
class HookedShop {
  constructor(private readonly dataSource: DataSource) {}

  @TypeOrmTransactional()
  @Locked('stock')
  transactionOutside(): Promise<void> {
    return this.takeOne();
  }

  @Locked('stock')
  @TypeOrmTransactional()
  transactionInside(): Promise<void> {
    return this.takeOne();
  }

  @TypeOrmTransactional()
  @Locked('stock')
  withHook(@CurrentLock() lock?: Lock): Promise<void> {
    lock?.holdUntil(
      new Promise<void>((resolve) => {
        runOnTransactionComplete(() => {
          resolve();
        });
      }),
    );
    return this.takeOne();
  }

  private takeOne(): Promise<void> {
    return takeOne((sql, values) => this.dataSource.query(sql, values));
  }
}

const redlock = () => RedlockModule.forRoot({ nodes: [new MemoryLockNode()], defaults: { wait: 30_000 } });

describe('locks and transactions of a Nest application', () => {
  let postgres: PostgresServer;
  let stock: Stock;
  let dataSource: DataSource;
  let app: INestApplication;

  beforeAll(async () => {
    initializeTransactionalContext();
    postgres = await PostgresServer.start();
    stock = await Stock.open(postgres.url);
  });

  afterAll(async () => {
    await stock.close();
    await postgres.stop();
  });

  beforeEach(async () => {
    dataSource = await new DataSource({ type: 'postgres', url: postgres.url }).initialize();
    dataSource.subscribers.push({ beforeTransactionCommit: beforeCommit });
  });

  afterEach(async () => {
    await app.close();
    await dataSource.destroy();
  });

  describe('with @nestjs-cls/transactional', () => {
    async function start(change: (adapter: TransactionalAdapterTypeOrm) => object) {
      const adapter = new TransactionalAdapterTypeOrm({ dataSourceToken: DataSource });
      const database = {
        module: class Database {},
        providers: [{ provide: DataSource, useValue: dataSource }],
        exports: [DataSource],
      };
      change(adapter);
      const plugins = [new ClsPluginTransactional({ imports: [database], adapter })];
      const cls = ClsModule.forRoot({ global: true, middleware: { mount: true }, plugins });
      const module = await Test.createTestingModule({
        imports: [cls, redlock()],
        providers: [Shop],
        controllers: [ShopController],
      }).compile();
      app = module.createNestApplication();
      await app.listen(0, '127.0.0.1');
      const url = await app.getUrl();
      const post = (path: string) => () => request(url).post(path).expect(201);
      return { shop: app.get(Shop), post };
    }

    it('loses updates when the transaction is outside, be it of a caller or of an interceptor', async () => {
      const { shop, post } = await start((adapter) => adapter);

      expect(await stock.lostOf(() => shop.transactionOutside(), { areLate: true })).toBeGreaterThan(0);
      expect(await stock.lostOf(() => shop.called(), { areLate: true })).toBeGreaterThan(0);
      expect(await stock.lostOf(post('/outside'), { areLate: true })).toBeGreaterThan(0);
    });

    it('loses none when it is inside', async () => {
      const { shop, post } = await start((adapter) => adapter);

      expect(await stock.lostOf(() => shop.transactionInside())).toBe(0);
      expect(await stock.lostOf(post('/inside'))).toBe(0);
    });

    it('loses none with the adapter, wherever the transaction begins', async () => {
      const { shop, post } = await start(holdLocks);

      expect(await stock.lostOf(() => shop.transactionOutside())).toBe(0);
      expect(await stock.lostOf(() => shop.called())).toBe(0);
      expect(await stock.lostOf(() => shop.transactionInside())).toBe(0);
      expect(await stock.lostOf(post('/outside'))).toBe(0);
    });
  });

  describe('with typeorm-transactional', () => {
    const { PaymentService } = runBlock('docs/TRANSACTIONS.md', 'class PaymentService', {
      // Its own work is what the others do.
      change: (code) => code.replace('(() => resolve())));', '$& await work();'),
      scope: { work: () => takeOne((sql, values) => dataSource.query(sql, values)) },
    }) as { PaymentService: Type<{ pay(orderId: string): Promise<void> }> };

    beforeEach(async () => {
      addTransactionalDataSource(dataSource);
      const module = await Test.createTestingModule({
        imports: [redlock()],
        providers: [HookedShop, PaymentService, { provide: DataSource, useValue: dataSource }],
      }).compile();
      app = await module.createNestApplication().init();
    });

    afterEach(() => {
      deleteDataSourceByName('default');
    });

    it('loses updates when the transaction is outside', async () => {
      expect(
        await stock.lostOf(() => app.get(HookedShop).transactionOutside(), { areLate: true }),
      ).toBeGreaterThan(0);
    });

    it('loses none when it is inside', async () => {
      expect(await stock.lostOf(() => app.get(HookedShop).transactionInside())).toBe(0);
    });

    it('loses none when the lock is held until the hook', async () => {
      expect(await stock.lostOf(() => app.get(HookedShop).withHook())).toBe(0);
    });

    it('loses none in the example of the page', async () => {
      expect(await stock.lostOf(() => app.get(PaymentService).pay('7'))).toBe(0);
    });

    it('loses none with the adapter of TypeORM', async () => {
      holdLocksUntilCommit(dataSource, app.get(LockService));

      expect(await stock.lostOf(() => app.get(HookedShop).transactionOutside())).toBe(0);
    });
  });
});
