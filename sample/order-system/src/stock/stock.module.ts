import { Module } from '@nestjs/common';
import { config } from '../app.config';
import { StockController } from './stock.controller';
import { StockService } from './stock.service';
import { UnlockedStockService } from './unlocked-stock.service';

@Module({
  controllers: [StockController],
  providers: [
    { provide: StockService, useClass: config.sellWithLocks ? StockService : UnlockedStockService },
  ],
  exports: [StockService],
})
export class StockModule {}
