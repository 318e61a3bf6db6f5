import { randomUUID } from 'node:crypto';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { LockLostError, LockService } from '@nest-quorum/redlock';
import { LockTester, useRedlockTesting } from '@nest-quorum/redlock/testing';
import request from 'supertest';
import { AppModule } from '../../sample/order-system/src/app.module';
import { OrdersService } from '../../sample/order-system/src/orders/orders.service';
import { CarrierService } from '../../sample/order-system/src/shipments/carrier.service';
import { ShipmentsService } from '../../sample/order-system/src/shipments/shipments.service';
import { ensureBoardPage } from '../helpers/board-page';

/** The whole application, with real locks on nodes of this process: no Redis, and nothing of it is replaced by a mock. */
describe('the orders of the sample', () => {
  let app: INestApplication;
  let tester: LockTester;
  let id: string;

  beforeAll(() => {
    ensureBoardPage();
  });

  beforeEach(async () => {
    const module = await useRedlockTesting(Test.createTestingModule({ imports: [AppModule] })).compile();
    app = module.createNestApplication({ logger: false });
    await app.init();
    tester = LockTester.of(app.get(LockService));
    id = randomUUID();
    await app.get(OrdersService).save({ id, sku: 'tea', quantity: 1, status: 'placed', parcel: null });
  });

  afterEach(() => app.close());

  const http = () => request(app.getHttpServer() as Parameters<typeof request>[0]);

  it('are charged once, however often the customer clicks', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => http().post(`/orders/${id}/pay`)));

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await http().get(`/orders/${id}/payments`)).body).toHaveLength(1);
  });

  it('wait while somebody else pays them', async () => {
    const other = await tester.hold(`order:${id}`);
    const paying = http()
      .post(`/orders/${id}/pay`)
      .then(({ status }) => status);

    expect((await http().get(`/orders/${id}/payments`)).body).toEqual([]);
    await other.release();

    expect(await paying).toBe(200);
  });

  it('should go to another process while too few lock nodes can be reached', async () => {
    expect((await http().get('/health')).status).toBe(200);

    tester.failNodes();

    expect((await http().get('/health')).status).toBe(503);
  });

  it('are not shipped with a lock that was lost in the middle', async () => {
    await http().post(`/orders/${id}/pay`);
    // While the carrier is asked, the lock goes.
    jest.spyOn(app.get(CarrierService), 'book').mockImplementation(async () => {
      await tester.loseLock(`order:${id}`);
      return 'parcel-1';
    });

    await expect(app.get(ShipmentsService).ship(id)).rejects.toThrow(LockLostError);

    expect(await app.get(OrdersService).find(id)).toMatchObject({ status: 'paid' });
  });
});
