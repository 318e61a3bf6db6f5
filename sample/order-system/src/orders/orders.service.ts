import { Injectable, NotFoundException } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
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
    await this.stock.reserve({ sku, quantity });
    // The lock is gone by now, and not needed: nobody else knows this order yet.
    return this.save({ id: randomUUID(), sku, quantity, status: 'placed' });
  }

  /** Call it with the order locked. Paying again gives the same answer, and charges nothing. */
  async pay(id: string): Promise<Order> {
    const order = await this.find(id);
    if (order.status !== 'placed') return order;
    await this.payments.charge(order);
    return this.save({ ...order, status: 'paid' });
  }

  async find(id: string): Promise<Order> {
    const order = await this.store.read('order', id);
    if (order === undefined)
      throw new NotFoundException({ code: 'NO_SUCH_ORDER', message: `No order ${id}` });
    return order;
  }

  async save(order: Order): Promise<Order> {
    await this.store.write('order', order.id, order);
    return order;
  }
}
