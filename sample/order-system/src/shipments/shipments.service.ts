import { Injectable, UnprocessableEntityException } from '@nestjs/common';
import { LockService } from '@nest-quorum/redlock';
import type { Order } from '../orders/order.interface';
import { OrdersService } from '../orders/orders.service';
import { CarrierService } from './carrier.service';

@Injectable()
export class ShipmentsService {
  constructor(
    private readonly locks: LockService,
    private readonly orders: OrdersService,
    private readonly carrier: CarrierService,
  ) {}

  /** The lock by hand, where a step needs the handle: the carrier is called off when the lock is lost. */
  async ship(id: string): Promise<Order> {
    // The same resource as of @Locked('order:<0>'): nobody pays or ships this order meanwhile. Released at the end
    // of the block, however it ends.
    await using lock = await this.locks.acquire(`order:${id}`, { fencing: true, label: 'ship' });

    const order = await this.orders.find(id, lock);
    if (order.status === 'shipped') return order;
    if (order.status === 'placed') {
      throw new UnprocessableEntityException({ code: 'NOT_PAID', message: `Order ${id} is not paid` });
    }

    const parcel = await this.carrier.book(order, { signal: lock.signal });
    // Between the carrier's answer and this line the process may have stood still for longer than the lock lasts.
    lock.assertHeld();
    // And after it: the fencing token of the lock goes with the write, so that the database refuses it then.
    // `await`: without it the lock would be given back before the order is written.
    return await this.orders.save({ ...order, status: 'shipped', parcel }, lock);
  }
}
