import { Controller, Get, Param } from '@nestjs/common';
import { StockService } from './stock.service';

@Controller('stock')
export class StockController {
  constructor(private readonly stock: StockService) {}

  @Get(':sku')
  async available(@Param('sku') sku: string): Promise<{ sku: string; available: number }> {
    return { sku, available: await this.stock.available(sku) };
  }
}
