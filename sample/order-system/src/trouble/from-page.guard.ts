import { CanActivate, ExecutionContext, ForbiddenException, Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';

/**
 * Another site can make a browser send a request here, but not with this header: for that the browser asks
 * first, and is refused.
 */
export const PAGE_HEADER = 'x-shop-page';

@Injectable()
export class FromPageGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<IncomingMessage>();
    if (headers[PAGE_HEADER] !== undefined) return true;
    throw new ForbiddenException({
      code: 'NOT_FROM_PAGE',
      message: `Only the page of the shop may do that; a script sends the header ${PAGE_HEADER}.`,
    });
  }
}
