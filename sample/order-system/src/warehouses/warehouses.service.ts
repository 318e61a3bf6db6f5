import { Injectable, UnprocessableEntityException } from '@nestjs/common';
import { CurrentLock, Locked, type FencedLock } from '@nest-quorum/redlock';
import { Store, type Transaction } from '../store/store';
import type { MoveGoodsDto } from './move-goods.dto';
import type { ReceiveGoodsDto } from './receive-goods.dto';

/** Keeps the goods in the warehouses. A lock covers a whole warehouse, as if somebody counted in it. */
@Injectable()
export class WarehousesService {
  constructor(private readonly store: Store) {}

  /** Goods on the shelf can also be sold. So both records are locked, and both are written, or neither. */
  @Locked(['warehouse:<0.warehouse>', 'sku:<0.sku>'], { fencing: true, label: 'receive goods' })
  receive({ warehouse, sku, quantity }: ReceiveGoodsDto, @CurrentLock() lock?: FencedLock): Promise<void> {
    return this.store.transaction(async (transaction) => {
      const shelf = { warehouse, sku };
      const lies = await claimShelf(transaction, shelf, lock);
      const available = (await transaction.claim('stock', { sku }, lock))?.available ?? 0;
      await transaction.write('shelf', { ...shelf, quantity: lies + quantity }, lock);
      await transaction.write('stock', { sku, available: available + quantity }, lock);
    });
  }

  /**
   * Locks both warehouses or none. So two moves in opposite directions do not wait for each other for ever,
   * and nobody sees goods in neither of them or in both.
   */
  @Locked(['warehouse:<0.from>', 'warehouse:<0.to>'], { fencing: true, label: 'move goods' })
  move({ from, to, sku, quantity }: MoveGoodsDto, @CurrentLock() lock?: FencedLock): Promise<void> {
    return this.store.transaction(async (transaction) => {
      const there = await claimShelf(transaction, { warehouse: from, sku }, lock);
      if (there < quantity) {
        throw new UnprocessableEntityException({
          code: 'NOT_ENOUGH',
          message: `${from} has ${String(there)} of ${sku}, which is less than ${String(quantity)}`,
        });
      }
      await transaction.write('shelf', { warehouse: from, sku, quantity: there - quantity }, lock);
      // This reads after the write above, since from and to may be the same.
      const here = await claimShelf(transaction, { warehouse: to, sku }, lock);
      await transaction.write('shelf', { warehouse: to, sku, quantity: here + quantity }, lock);
    });
  }

  async count(warehouse: string, sku: string): Promise<number> {
    const shelf = await this.store.transaction((transaction) =>
      transaction.read('shelf', { warehouse, sku }),
    );
    return shelf?.quantity ?? 0;
  }
}

async function claimShelf(
  transaction: Transaction,
  shelf: { warehouse: string; sku: string },
  lock?: FencedLock,
): Promise<number> {
  return (await transaction.claim('shelf', shelf, lock))?.quantity ?? 0;
}
