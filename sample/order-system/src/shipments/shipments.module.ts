import { Module } from '@nestjs/common';
import { OrdersModule } from '../orders/orders.module';
import { CarrierService } from './carrier.service';
import { ShipmentsController } from './shipments.controller';
import { ShipmentsService } from './shipments.service';

@Module({
  imports: [OrdersModule],
  controllers: [ShipmentsController],
  providers: [ShipmentsService, CarrierService],
})
export class ShipmentsModule {}
