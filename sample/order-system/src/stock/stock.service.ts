import { Injectable } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Locked } from '@nest-quorum/redlock';
import { Store } from '../store/store';
import { SoldOutException } from './sold-out.exception';

/** How many of a sku, for a buyer or from a supplier. */
export interface StockChange {
  readonly sku: string;
  readonly quantity: number;
}

/** What can still be sold. */
@Injectable()
export class StockService {
  constructor(private readonly store: Store) {}

  /**
   * Takes something out of the stock for a buyer.
   *
   * One caller per sku in the whole fleet: others that want the same sku wait here, others that want another one do
   * not. `wait` is how long a buyer queues before the answer is 409 LOCK_BUSY.
   */
  @Locked('sku:<0.sku>', { wait: 30_000 })
  reserve(wanted: StockChange): Promise<void> {
    return this.takeFromStock(wanted);
  }

  @Locked('sku:<0.sku>')
  async add(supply: StockChange): Promise<void> {
    await this.store.write('stock', supply.sku, (await this.available(supply.sku)) + supply.quantity);
  }

  async available(sku: string): Promise<number> {
    return (await this.store.read('stock', sku)) ?? 0;
  }

  /** Read, decide, write: two of them at the same time read the same number, and sell the same piece twice. */
  protected async takeFromStock({ sku, quantity }: StockChange): Promise<void> {
    const available = await this.available(sku);
    if (available < quantity) throw new SoldOutException(sku, available);
    await askPriceList();
    await this.store.write('stock', sku, available - quantity);
  }
}

/** Real code does something between the read and the write, too. */
function askPriceList(): Promise<void> {
  return sleep(2);
}
