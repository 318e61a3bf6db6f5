import { Injectable } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { CurrentLock, Locked, type FencedLock } from '@nest-quorum/redlock';
import { Store, type Transaction } from '../store/store';
import { SoldOutException } from './sold-out.exception';

/** The number of pieces of a sku that a buyer wants. */
export interface StockChange {
  readonly sku: string;
  readonly quantity: number;
}

/** Writes more in the same transaction. */
export type AlsoWrite = (transaction: Transaction) => Promise<void>;

/** Keeps the number of pieces that can still be sold. */
@Injectable()
export class StockService {
  constructor(private readonly store: Store) {}

  /**
   * Takes pieces out of the stock for a buyer.
   *
   * One caller per sku in the whole fleet: others that want the same sku wait here, others that want another
   * one do not. `wait` is the time that a buyer waits before the answer is 409 LOCK_BUSY. A waiting buyer
   * uses no connection to the database yet, and the lock is released after the commit.
   */
  @Locked('sku:<0.sku>', { wait: 30_000, fencing: true, label: 'sell' })
  reserve(wanted: StockChange, also: AlsoWrite, @CurrentLock() lock?: FencedLock): Promise<void> {
    return this.takeFromStock(wanted, also, lock);
  }

  /**
   * Counts the stock, so that nobody sells in the meantime. It is slow, so that a person can see it on the
   * lock board.
   */
  @Locked('sku:<0>', { label: 'stock count' })
  async count(sku: string, forMs: number): Promise<number> {
    await sleep(forMs);
    return this.available(sku);
  }

  async available(sku: string): Promise<number> {
    const stock = await this.store.transaction((transaction) => transaction.read('stock', { sku }));
    return stock?.available ?? 0;
  }

  /**
   * Reads, decides and writes. Two callers at the same time would read the same number, and sell the same
   * piece twice.
   */
  protected takeFromStock({ sku, quantity }: StockChange, also: AlsoWrite, lock?: FencedLock): Promise<void> {
    return this.store.transaction(async (transaction) => {
      const { available } = (await transaction.claim('stock', { sku }, lock)) ?? { available: 0 };
      if (available < quantity) throw new SoldOutException(sku, available);
      await askPriceList();
      await transaction.write('stock', { sku, available: available - quantity }, lock);
      await also(transaction);
    });
  }
}

/** Simulates the work that real code does between the read and the write. */
function askPriceList(): Promise<void> {
  return sleep(2);
}
