import { Controller, HttpCode, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import type { Order } from '../orders/order.interface';
import { ShipmentsService } from './shipments.service';

@Controller('orders')
export class ShipmentsController {
  constructor(private readonly shipments: ShipmentsService) {}

  @Post(':id/ship')
  @HttpCode(200)
  ship(@Param('id', ParseUUIDPipe) id: string): Promise<Order> {
    return this.shipments.ship(id);
  }
}
