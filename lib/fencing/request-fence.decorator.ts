import { createParamDecorator } from '@nestjs/common';
import { checkMaxAhead, type FenceAheadOptions } from './fence-ahead';
import { fenceLetPass, fenceOfRequest } from './request-fence';

/**
 * Options of the parameter. Behind a `FenceGuard`, the `maxAhead` of the guard counts, and that of the parameter
 * is ignored.
 */
export interface RequestFenceOptions extends FenceAheadOptions {
  /**
   * With false, the value is undefined for a request without a fence. Else the answer is 428.
   *
   * @default true
   */
  required?: boolean | undefined;
}

const fenceParameter = createParamDecorator<RequestFenceOptions>(
  (options, context) => fenceLetPass(context) ?? fenceOfRequest(context, options.required ?? true, options),
);

/**
 * The fence of the request, so that the handler can write with it.
 *
 * @throws LockOptionsError at once, for an impossible `maxAhead`
 * @example
 * ```ts
 * @Post(':id/payments')
 * pay(@Param('id') id: string, @RequestFence() fence: Fence) { … }
 * ```
 */
export function RequestFence(options: RequestFenceOptions = {}): ParameterDecorator {
  checkMaxAhead(options.maxAhead);
  return fenceParameter(options);
}
