import { UnprocessableEntityException } from '@nestjs/common';

/**
 * 422 and not 409: a conflict (LOCK_BUSY) is over in a moment and worth another try, this is not.
 */
export class SoldOutException extends UnprocessableEntityException {
  constructor(sku: string, available: number) {
    super({ code: 'SOLD_OUT', message: `${sku} is sold out: ${String(available)} left`, available });
  }
}
