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

  /**
   * Takes the lock in code, since a step needs the handle: the call to the carrier is cancelled when the lock
   * is lost.
   */
  async ship(id: string): Promise<Order> {
    // This is the same resource as that of @Locked('order:<0>'), so nobody pays or ships this order in the
    // meantime. The lock is released at the end of the block, even after an error.
    await using lock = await this.locks.acquire(`order:${id}`, { fencing: true, label: 'ship' });

    const order = await this.orders.find(id, lock);
    if (order.status === 'shipped') return order;
    if (order.status === 'placed') {
      throw new UnprocessableEntityException({ code: 'NOT_PAID', message: `Order ${id} is not paid` });
    }

    const parcel = await this.carrier.book(order, { signal: lock.signal });
    // The process may have stood still between the carrier's answer and this line, for longer than the lock
    // lasts.
    lock.assertHeld();
    // It may also stand still after this check. So the write has the fencing token of the lock, and the
    // database refuses it then. Without `await` the lock would be released before the order is written.
    return await this.orders.save({ ...order, status: 'shipped', parcel }, lock);
  }
}
