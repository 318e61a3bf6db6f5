import { HttpException } from '@nestjs/common';

/**
 * - `FENCE_MISSING` (428): a request that must have a fence has none
 * - `FENCE_INVALID` (400): the fence has a wrong form
 * - `FENCE_AHEAD` (400): the time of its token is more than `maxAhead` in the future
 * - `FENCE_RESOURCE_INVALID` (400): the fence is for something that cannot be the name of a resource
 * - `FENCE_STALE` (412): a later holder has been here; the caller lost its lock and should stop
 * - `FENCE_STORE_FULL` (503): the store has no space for one more resource, and forgets none of the others
 */
export type FenceExceptionCode =
  | 'FENCE_MISSING'
  | 'FENCE_INVALID'
  | 'FENCE_AHEAD'
  | 'FENCE_RESOURCE_INVALID'
  | 'FENCE_STALE'
  | 'FENCE_STORE_FULL';

const ANSWERS = {
  FENCE_MISSING: [
    428,
    'Precondition Required',
    'Send the fencing token of your lock in the headers Fencing-Token and Fencing-Owner.',
  ],
  FENCE_INVALID: [
    400,
    'Bad Request',
    'Fencing-Token must be a whole number above 0, and Fencing-Owner a word of at most 128 characters.',
  ],
  FENCE_AHEAD: [
    400,
    'Bad Request',
    'The fencing token is too far ahead of the clock of this service. Send the token of your lock as it is, and let NTP set the clocks.',
  ],
  FENCE_RESOURCE_INVALID: [
    400,
    'Bad Request',
    'The request does not name the resource of its fencing token: a value is missing, has a wrong form, or is too long.',
  ],
  FENCE_STALE: [
    412,
    'Precondition Failed',
    'A later holder of the lock has already written here. Stop, and start again under a new lock.',
  ],
  FENCE_STORE_FULL: [
    503,
    'Service Unavailable',
    'This service cannot remember the fence of one more resource at the moment. Try again later.',
  ],
} as const;

/** The answer to a request that is refused because of its fence. It names no resource and no holder. */
export class FenceException extends HttpException {
  constructor(
    readonly code: FenceExceptionCode,
    options?: { readonly cause?: unknown },
  ) {
    const [statusCode, error, message] = ANSWERS[code];
    super({ statusCode, error, code, message }, statusCode, options);
    // Nest takes the name of the class, which a bundler may have shortened.
    this.name = 'FenceException';
  }
}
