import { Injectable } from '@nestjs/common';
import { StockService, type StockChange } from './stock.service';

/** For the demo only (`LOCKS=off`): the same read, decide and write, with no lock around them. */
@Injectable()
export class UnlockedStockService extends StockService {
  override reserve(wanted: StockChange): Promise<void> {
    return this.takeFromStock(wanted);
  }
}
