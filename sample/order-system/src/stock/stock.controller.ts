import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { CountStockDto } from './count-stock.dto';
import { StockService } from './stock.service';

@Controller('stock')
export class StockController {
  constructor(private readonly stock: StockService) {}

  @Get(':sku')
  async available(@Param('sku') sku: string): Promise<{ sku: string; available: number }> {
    return { sku, available: await this.stock.available(sku) };
  }

  @Post(':sku/count')
  @HttpCode(200)
  async count(
    @Param('sku') sku: string,
    @Body() { seconds }: CountStockDto,
  ): Promise<{ sku: string; available: number }> {
    return { sku, available: await this.stock.count(sku, seconds * 1_000) };
  }
}
