import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Order } from '../orders/order.interface';
import { Store } from '../store/store';
import type { Payment } from './payment.interface';

/** Stands for a payment provider: slow, and takes the money as often as it is asked to. */
@Injectable()
export class PaymentsService {
  constructor(private readonly store: Store) {}

  /** What the provider took. The caller writes it down, in the transaction of the order. */
  async charge(order: Order): Promise<Payment> {
    await sleep(50);
    return { id: randomUUID(), orderId: order.id };
  }

  async of(orderId: string): Promise<Payment[]> {
    const payments = await this.store.transaction((transaction) => transaction.list('payment'));
    return payments.filter((payment) => payment.orderId === orderId);
  }
}
