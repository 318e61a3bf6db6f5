import { createParamDecorator } from '@nestjs/common';
import { checkMaxAhead, type FenceAheadOptions } from './fence-ahead';
import { fenceLetPass, fenceOfRequest } from './request-fence';

/** Behind a `FenceGuard`, its `maxAhead` has been applied already, and that of the parameter says nothing. */
export interface RequestFenceOptions extends FenceAheadOptions {
  /**
   * False: undefined for a request without a fence, in place of an answer 428.
   *
   * @default true
   */
  required?: boolean;
}

const fenceParameter = createParamDecorator<RequestFenceOptions>(
  (options, context) => fenceLetPass(context) ?? fenceOfRequest(context, options.required ?? true, options),
);

/**
 * The fence that the request carries, for the handler to write with.
 *
 * @throws LockOptionsError at once, for a `maxAhead` that cannot be meant
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
