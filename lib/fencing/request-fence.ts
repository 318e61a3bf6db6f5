import type { ExecutionContext } from '@nestjs/common';
import { LockOptionsError } from '../errors/lock-options.error';
import type { Fence } from './fence';
import { FenceException } from './fence.exception';
import { type HeadersLike, readFence } from './fence-headers';

/** @throws FenceException (400, 428) */
export function fenceOfRequest(context: ExecutionContext, isRequired: boolean): Fence | undefined {
  if (context.getType() !== 'http') {
    throw new LockOptionsError('fence', 'is read from the headers of HTTP requests, and this is none.');
  }
  const fence = readFence(context.switchToHttp().getRequest<{ headers: HeadersLike }>().headers);
  if (fence === undefined && isRequired) throw new FenceException('FENCE_MISSING');
  return fence;
}
