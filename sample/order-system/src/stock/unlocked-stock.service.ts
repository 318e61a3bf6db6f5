import { Injectable } from '@nestjs/common';
import { StockService, type AlsoWrite, type StockChange } from './stock.service';

/**
 * Only for the demo (`LOCKS=off`): it reads, decides and writes in the same way in a transaction, but without
 * a lock.
 */
@Injectable()
export class UnlockedStockService extends StockService {
  override reserve(wanted: StockChange, also: AlsoWrite): Promise<void> {
    return this.takeFromStock(wanted, also);
  }
}
