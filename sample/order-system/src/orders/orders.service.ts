import { Injectable, NotFoundException } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { FencedLock } from '@nest-quorum/redlock';
import { PaymentsService } from '../payments/payments.service';
import { StockService } from '../stock/stock.service';
import { Store } from '../store/store';
import type { Order } from './order.interface';
import type { PlaceOrderDto } from './place-order.dto';

@Injectable()
export class OrdersService {
  constructor(
    private readonly store: Store,
    private readonly stock: StockService,
    private readonly payments: PaymentsService,
  ) {}

  async place({ sku, quantity }: PlaceOrderDto): Promise<Order> {
    const order: Order = { id: randomUUID(), sku, quantity, status: 'placed', parcel: null };
    // One transaction takes the goods out of the stock and writes the order. So there are no goods without an
    // order, and no order without goods.
    await this.stock.reserve({ sku, quantity }, (transaction) => transaction.write('order', order));
    return order;
  }

  /** Call it with the order locked. A second call gives the same answer, and charges nothing. */
  async pay(id: string, lock?: FencedLock): Promise<Order> {
    const order = await this.find(id, lock);
    if (order.status !== 'placed') return order;
    // This call to another server is between two transactions, so that no connection to the database waits
    // for it.
    const payment = await this.payments.charge(order);
    const paid: Order = { ...order, status: 'paid' };
    await this.store.transaction(async (transaction) => {
      await transaction.write('payment', payment);
      await transaction.write('order', paid, lock);
    });
    return paid;
  }

  /**
   * @param lock the lock of a caller that is going to write: from then on, earlier holders of the lock cannot
   *   write
   */
  async find(id: string, lock?: FencedLock): Promise<Order> {
    const order = await this.store.transaction((transaction) => transaction.claim('order', { id }, lock));
    if (order === undefined)
      throw new NotFoundException({ code: 'NO_SUCH_ORDER', message: `No order ${id}` });
    return order;
  }

  /** @param lock the lock under which it is written; none for an order that nobody knows yet */
  async save(order: Order, lock?: FencedLock): Promise<Order> {
    await this.store.transaction((transaction) => transaction.write('order', order, lock));
    return order;
  }
}
