import { HttpException } from '@nestjs/common';

/**
 * - `FENCE_MISSING` (428): a request that must carry a fence has none
 * - `FENCE_INVALID` (400): what it carries is none
 * - `FENCE_STALE` (412): a later holder has been here; the caller lost its lock and should stop
 */
export type FenceExceptionCode = 'FENCE_MISSING' | 'FENCE_INVALID' | 'FENCE_STALE';

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
  FENCE_STALE: [
    412,
    'Precondition Failed',
    'A later holder of the lock has been here. Stop, and begin anew under a new lock.',
  ],
} as const;

/** The answer to a request that a fence keeps out. Nothing in it names a resource or a holder. */
export class FenceException extends HttpException {
  constructor(readonly code: FenceExceptionCode) {
    const [statusCode, error, message] = ANSWERS[code];
    super({ statusCode, error, code, message }, statusCode);
    // Nest takes the name of the class, which a bundler may have shortened.
    this.name = 'FenceException';
  }
}
