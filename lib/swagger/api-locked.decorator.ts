import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { LockBusyError } from '../errors/lock-busy.error';
import { LockLimitError } from '../errors/lock-limit.error';
import { LockUnavailableError } from '../errors/lock-unavailable.error';
import { completeAnswers } from '../nest/filters/lock-answers';
import type { LockAnswers } from '../nest/filters/lock-answers.interface';
import { lockErrorResponse } from './lock-error-response';

export interface ApiLockedOptions {
  /**
   * What the 409 is said to mean; false leaves it out, for a handler with `onBusy`.
   *
   * @default 'Somebody else is working on it. Try again later.'
   */
  busy?: string | false;

  /**
   * What the 429 is said to mean, for a handler whose lock has a `limit`: a text, or true for the default one.
   *
   * @default false, which leaves it out
   */
  limited?: string | boolean;

  /**
   * What the 503 is said to mean; false leaves it out.
   *
   * @default 'Locks are not available at the moment. Try again later.'
   */
  unavailable?: string | false;

  /** Those of `RedlockModule`, where it has other statuses and messages than the defaults. */
  answers?: LockAnswers;
}

const TOO_MANY = 'Too many are at work already. Try again later.';

/**
 * Documents what a locked handler answers without its lock: 409 when busy, 429 when a `limit` is reached, and 503 when locks are not available, with the
 * body and the `Retry-After` that the exception filter of `RedlockModule` gives.
 *
 * It stands above or below `@Locked`, or on a controller for all of its handlers. A handler with a 409 or 503 of its own
 * gives the text for both here, since OpenAPI has one answer per status. As beside every response decorator, swagger
 * lists the successful answer only where it is documented too (`@ApiOkResponse()`, or by swagger's compiler plugin).
 *
 * @example
 * ```ts
 * @Post(':id/payments')
 * @ApiLocked({ busy: 'Another payment for this order is under way.' })
 * @Locked('order:<0>')
 * async pay(@Param('id') id: string) { … }
 * ```
 */
export function ApiLocked({
  busy = 'Somebody else is working on it. Try again later.',
  limited = false,
  unavailable = 'Locks are not available at the moment. Try again later.',
  answers,
}: ApiLockedOptions = {}): MethodDecorator & ClassDecorator {
  const complete = completeAnswers(answers);
  const nothing = { resources: [], waitedMs: 0, votes: [] };
  const noPermit = new LockLimitError({ ...nothing, limit: 1, permits: 1 });
  return applyDecorators(
    ...(busy === false ? [] : [ApiResponse(lockErrorResponse(new LockBusyError(nothing), busy, complete))]),
    ...(limited === false
      ? []
      : [ApiResponse(lockErrorResponse(noPermit, limited === true ? TOO_MANY : limited, complete))]),
    ...(unavailable === false
      ? []
      : [ApiResponse(lockErrorResponse(new LockUnavailableError(nothing), unavailable, complete))]),
  );
}
