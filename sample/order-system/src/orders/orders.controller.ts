import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import { CurrentLock, Locked, type FencedLock } from '@nest-quorum/redlock';
import type { Payment } from '../payments/payment.interface';
import { PaymentsService } from '../payments/payments.service';
import type { Order } from './order.interface';
import { OrdersService } from './orders.service';
import { PlaceOrderDto } from './place-order.dto';

@Controller('orders')
export class OrdersController {
  constructor(
    private readonly orders: OrdersService,
    private readonly payments: PaymentsService,
  ) {}

  @Post()
  place(@Body() order: PlaceOrderDto): Promise<Order> {
    return this.orders.place(order);
  }

  /**
   * A customer who clicks twice reaches two processes. `<0>` is the id after its pipe, so a wrong id is
   * answered with 400 and locks nothing. The transaction begins and ends inside, so the lock stays until
   * after the commit.
   */
  @Post(':id/pay')
  @HttpCode(200)
  @Locked('order:<0>', { fencing: true, label: 'pay' })
  pay(@Param('id', ParseUUIDPipe) id: string, @CurrentLock() lock: FencedLock): Promise<Order> {
    return this.orders.pay(id, lock);
  }

  @Get(':id')
  find(@Param('id', ParseUUIDPipe) id: string): Promise<Order> {
    return this.orders.find(id);
  }

  @Get(':id/payments')
  paymentsOf(@Param('id', ParseUUIDPipe) id: string): Promise<Payment[]> {
    return this.payments.of(id);
  }
}
