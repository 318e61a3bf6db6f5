import { createParamDecorator } from '@nestjs/common';
import { LockOptionsError } from '../errors/lock-options.error';
import { readOptions } from '../errors/read-options';
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

const OPTIONS = ['required', 'maxAhead'] satisfies (keyof RequestFenceOptions)[];

const fenceParameter = createParamDecorator<RequestFenceOptions>(
  (options, context) => fenceLetPass(context) ?? fenceOfRequest(context, options.required ?? true, options),
);

/**
 * The fence of the request, so that the handler can write with it.
 *
 * @throws LockOptionsError at once, for impossible options
 * @example
 * ```ts
 * @Post(':id/payments')
 * pay(@Param('id') id: string, @RequestFence() fence: Fence) { … }
 * ```
 */
export function RequestFence(options: RequestFenceOptions = {}): ParameterDecorator {
  const checked = readOptions<RequestFenceOptions>(options, OPTIONS, {
    name: 'options',
    what: ', such as { required: false }',
    each: 'an option of @RequestFence',
  });
  if (checked.required !== undefined && typeof (checked.required as unknown) !== 'boolean')
    throw new LockOptionsError('required', 'must be true or false.');
  checkMaxAhead(checked.maxAhead);
  return fenceParameter(checked);
}
