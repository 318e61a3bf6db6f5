import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Order } from '../orders/order.interface';
import { Store } from '../store/store';
import type { Payment } from './payment.interface';

/** Simulates a payment provider. It is slow, and takes the money every time it is called. */
@Injectable()
export class PaymentsService {
  constructor(private readonly store: Store) {}

  /** Takes the money. The caller writes the payment in the transaction of the order. */
  async charge(order: Order): Promise<Payment> {
    await sleep(50);
    return { id: randomUUID(), orderId: order.id };
  }

  async of(orderId: string): Promise<Payment[]> {
    const payments = await this.store.transaction((transaction) => transaction.list('payment'));
    return payments.filter((payment) => payment.orderId === orderId);
  }
}
