import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { MoveGoodsDto } from './move-goods.dto';
import { ReceiveGoodsDto } from './receive-goods.dto';
import { WarehousesService } from './warehouses.service';

@Controller('warehouses')
export class WarehousesController {
  constructor(private readonly warehouses: WarehousesService) {}

  @Post('receive')
  @HttpCode(200)
  async receive(@Body() goods: ReceiveGoodsDto): Promise<Record<string, number>> {
    await this.warehouses.receive(goods);
    return this.counts(goods.sku, [goods.warehouse]);
  }

  @Post('move')
  @HttpCode(200)
  async move(@Body() goods: MoveGoodsDto): Promise<Record<string, number>> {
    await this.warehouses.move(goods);
    return this.counts(goods.sku, [goods.from, goods.to]);
  }

  @Get(':warehouse/:sku')
  count(@Param('warehouse') warehouse: string, @Param('sku') sku: string): Promise<Record<string, number>> {
    return this.counts(sku, [warehouse]);
  }

  /** The number of pieces by warehouse: `{ north: 90, south: 10 }` */
  private async counts(sku: string, warehouses: string[]): Promise<Record<string, number>> {
    const counted = warehouses.map(async (name) => [name, await this.warehouses.count(name, sku)] as const);
    return Object.fromEntries(await Promise.all(counted));
  }
}
