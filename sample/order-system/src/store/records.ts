import type { Order } from '../orders/order.interface';
import type { Payment } from '../payments/payment.interface';
import type { ReminderRun } from '../reminders/reminder-run.interface';

/** The number of pieces of a sku that can still be sold. */
export interface Stock {
  readonly sku: string;
  readonly available: number;
}

/** The number of pieces of a sku in a warehouse. */
export interface Shelf {
  readonly warehouse: string;
  readonly sku: string;
  readonly quantity: number;
}

/** The records of each kind. */
export interface Records {
  stock: Stock;
  shelf: Shelf;
  order: Order;
  payment: Payment;
  reminderRun: ReminderRun;
}

export type Kind = keyof Records;

/** The fields that tell a record from the others of its kind. */
export const KEYS = {
  stock: ['sku'],
  shelf: ['warehouse', 'sku'],
  order: ['id'],
  payment: ['id'],
  reminderRun: ['id'],
} as const satisfies { [K in Kind]: readonly (keyof Records[K])[] };

export type Key<K extends Kind> = Pick<Records[K], (typeof KEYS)[K][number] & keyof Records[K]>;
