import type { Order } from '../orders/order.interface';
import type { Payment } from '../payments/payment.interface';
import type { ReminderRun } from '../reminders/reminder-run.interface';

/** What is kept, by kind. */
export interface Records {
  /** How many of a sku can still be sold, by sku. */
  stock: number;
  /** How many of a sku lie in a warehouse, by `warehouse/sku`. */
  shelf: number;
  order: Order;
  payment: Payment;
  reminderRun: ReminderRun;
}

/**
 * The port to where data is kept.
 *
 * It can read and write, and no more: no transactions and no counters, like a file, a search index or somebody
 * else's HTTP API. Whoever reads, decides and writes needs a lock around the three.
 */
export abstract class Store {
  abstract read<Kind extends keyof Records>(kind: Kind, id: string): Promise<Records[Kind] | undefined>;
  abstract write<Kind extends keyof Records>(kind: Kind, id: string, value: Records[Kind]): Promise<void>;
  abstract list<Kind extends keyof Records>(kind: Kind): Promise<Records[Kind][]>;
}
