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

  async charge(order: Order): Promise<void> {
    await sleep(50);
    const payment: Payment = { id: randomUUID(), orderId: order.id };
    await this.store.write('payment', payment.id, payment);
  }

  async of(orderId: string): Promise<Payment[]> {
    return (await this.store.list('payment')).filter((payment) => payment.orderId === orderId);
  }
}
