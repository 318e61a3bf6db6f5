import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Order } from '../orders/order.interface';

/** Simulates the HTTP API of a carrier: `fetch` takes a signal in the same way. */
@Injectable()
export class CarrierService {
  async book(order: Order, { signal }: { signal: AbortSignal }): Promise<string> {
    // Rejects at once when the signal aborts, with the LockLostError as its cause.
    await sleep(200, undefined, { signal });
    return `parcel-${order.sku}-${randomUUID()}`;
  }
}
