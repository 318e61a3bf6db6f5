import { Injectable } from '@nestjs/common';
import { StockService, type AlsoWrite, type StockChange } from './stock.service';

/** For the demo only (`LOCKS=off`): the same read, decide and write in a transaction, with no lock around it. */
@Injectable()
export class UnlockedStockService extends StockService {
  override reserve(wanted: StockChange, also: AlsoWrite): Promise<void> {
    return this.takeFromStock(wanted, also);
  }
}
