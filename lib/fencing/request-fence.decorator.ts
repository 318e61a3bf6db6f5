import { createParamDecorator } from '@nestjs/common';
import { fenceOfRequest } from './request-fence';

export interface RequestFenceOptions {
  /**
   * False: undefined for a request without a fence, in place of an answer 428.
   *
   * @default true
   */
  required?: boolean;
}

const fenceParameter = createParamDecorator<RequestFenceOptions>(({ required = true }, context) =>
  fenceOfRequest(context, required),
);

/**
 * The fence that the request carries, for the handler to write with.
 *
 * @example
 * ```ts
 * @Post(':id/payments')
 * pay(@Param('id') id: string, @RequestFence() fence: Fence) { … }
 * ```
 */
export function RequestFence(options: RequestFenceOptions = {}): ParameterDecorator {
  return fenceParameter(options);
}
