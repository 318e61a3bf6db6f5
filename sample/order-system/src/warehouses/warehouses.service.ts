import { Injectable, UnprocessableEntityException } from '@nestjs/common';
import { Locked } from '@nest-quorum/redlock';
import { StockService } from '../stock/stock.service';
import { Store } from '../store/store';
import type { MoveGoodsDto } from './move-goods.dto';
import type { ReceiveGoodsDto } from './receive-goods.dto';

/** Where the goods lie. Each warehouse is locked as a whole, as if somebody counted in it. */
@Injectable()
export class WarehousesService {
  constructor(
    private readonly store: Store,
    private readonly stock: StockService,
  ) {}

  @Locked('warehouse:<0.warehouse>')
  async receive({ warehouse, sku, quantity }: ReceiveGoodsDto): Promise<void> {
    await this.change(warehouse, sku, quantity);
    // Takes the lock of the sku while it holds the warehouse. Nobody takes the two in the other order, so nobody
    // waits for somebody who waits for them.
    await this.stock.add({ sku, quantity });
  }

  /**
   * Both warehouses or none: two moves in opposite directions do not wait for each other for ever, and nobody sees
   * goods in neither of them or in both.
   */
  @Locked(['warehouse:<0.from>', 'warehouse:<0.to>'])
  async move({ from, to, sku, quantity }: MoveGoodsDto): Promise<void> {
    const there = await this.count(from, sku);
    if (there < quantity) {
      throw new UnprocessableEntityException({
        code: 'NOT_ENOUGH',
        message: `${from} has ${String(there)} of ${sku}, which is less than ${String(quantity)}`,
      });
    }
    await this.change(from, sku, -quantity);
    await this.change(to, sku, quantity);
  }

  async count(warehouse: string, sku: string): Promise<number> {
    return (await this.store.read('shelf', `${warehouse}/${sku}`)) ?? 0;
  }

  private async change(warehouse: string, sku: string, by: number): Promise<void> {
    await this.store.write('shelf', `${warehouse}/${sku}`, (await this.count(warehouse, sku)) + by);
  }
}
