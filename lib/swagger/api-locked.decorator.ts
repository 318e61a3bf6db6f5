import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { LockBusyError } from '../errors/lock-busy.error';
import { LockLimitError } from '../errors/lock-limit.error';
import { LockOptionsError } from '../errors/lock-options.error';
import { LockUnavailableError } from '../errors/lock-unavailable.error';
import { readOptions } from '../errors/read-options';
import { completeAnswers } from '../nest/filters/lock-answers';
import type { LockAnswers } from '../nest/filters/lock-answers.interface';
import { lockErrorResponse } from './lock-error-response';

export interface ApiLockedOptions {
  /**
   * The description of the 409. With false it is left out, for a handler with `onBusy`.
   *
   * @default 'Somebody else is working on it. Try again later.'
   */
  busy?: string | false | undefined;

  /**
   * The description of the 429, for a handler whose lock has a `limit`: a text, or true for the default one.
   *
   * @default false, which leaves it out
   */
  limited?: string | boolean | undefined;

  /**
   * The description of the 503. With false it is left out.
   *
   * @default 'Locks are not available at the moment. Try again later.'
   */
  unavailable?: string | false | undefined;

  /** The `answers` of `RedlockModule`, if it has other statuses and messages than the defaults. */
  answers?: LockAnswers | undefined;
}

const TOO_MANY = 'Too many are at work already. Try again later.';

/**
 * Documents the answers of a locked handler that did not get its lock: 409 if it is busy, 429 if a `limit` is
 * reached, and 503 if locks are not available. They have the body and the `Retry-After` of the exception filter of
 * `RedlockModule`.
 *
 * The decorator stands above or below `@Locked`, or on a controller for all of its handlers. If a handler has a
 * 409 or 503 of its own, give the text for both here, since OpenAPI has one answer per status. As with every
 * response decorator, swagger lists the successful answer only if it is documented too (`@ApiOkResponse()`, or by
 * swagger's compiler plugin).
 *
 * @throws LockOptionsError when the class is defined, for impossible options
 *
 * @example
 * ```ts
 * @Post(':id/payments')
 * @ApiLocked({ busy: 'Another payment for this order is under way.' })
 * @Locked('order:<0>')
 * async pay(@Param('id') id: string) { … }
 * ```
 */
export function ApiLocked(options: ApiLockedOptions = {}): MethodDecorator & ClassDecorator {
  const {
    busy = 'Somebody else is working on it. Try again later.',
    limited = false,
    unavailable = 'Locks are not available at the moment. Try again later.',
    answers,
  } = checkOptions(options);
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

const OPTIONS = ['busy', 'limited', 'unavailable', 'answers'] satisfies (keyof ApiLockedOptions)[];

function checkOptions(given: ApiLockedOptions): ApiLockedOptions {
  const options = readOptions<ApiLockedOptions>(given, OPTIONS, {
    name: 'options',
    what: ", such as { busy: 'In use.' }",
    each: 'an option of @ApiLocked',
  });
  const { busy, limited, unavailable } = options;
  checkDescription('busy', busy, false);
  checkDescription('limited', limited, true);
  checkDescription('unavailable', unavailable, false);
  return options;
}

function checkDescription(option: string, value: unknown, mayBeTrue: boolean): void {
  if (value === undefined || value === false || typeof value === 'string') return;
  if (mayBeTrue && value === true) return;
  throw new LockOptionsError(option, `must be a description, or ${mayBeTrue ? 'true or false' : 'false'}.`);
}
