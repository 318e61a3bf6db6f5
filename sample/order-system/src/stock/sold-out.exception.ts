import { UnprocessableEntityException } from '@nestjs/common';

/** This is 422 and not 409: a conflict (LOCK_BUSY) ends soon, so another try is useful. Here it is not. */
export class SoldOutException extends UnprocessableEntityException {
  constructor(sku: string, available: number) {
    super({ code: 'SOLD_OUT', message: `${sku} is sold out: ${String(available)} left`, available });
  }
}
