import { createParamDecorator } from '@nestjs/common';
import { LockOptionsError } from '../../errors/lock-options.error';
import type { CurrentLockOptions } from './current-lock-options.interface';
import { lockParameterPipe } from './lock-parameter.pipe';
import { checkServiceName } from '../../service/lock-service-token';
import { markLockParameter, type LockParameter } from './lock-parameters';

/** Nest runs this for handlers of every transport. Its pipe gives the value. */
const HandlerParameter = createParamDecorator(() => undefined);

/**
 * Makes a decorator for parameters that get the lock. Nest fills them on handlers, inside of the interceptors, and
 * `@Locked` fills them on the method that it stands on.
 *
 * @param decorator its name, for people
 * @throws LockOptionsError when the class is defined
 */
export function lockParameterDecorator(
  decorator: string,
  wants: LockParameter['wants'],
  which: string | CurrentLockOptions = {},
): ParameterDecorator {
  const { resource, connection } = checkWhich(decorator, which);
  return (target, propertyKey, index) => {
    if (typeof target === 'function' || propertyKey === undefined) {
      throw new LockOptionsError(decorator, 'must be put on a parameter of a method that is not static.');
    }
    const parameter: LockParameter = { index, wants, resource, connection };
    markLockParameter(target, propertyKey, parameter);
    HandlerParameter(lockParameterPipe(parameter))(target, propertyKey, index);
  };
}

function checkWhich(decorator: string, which: unknown): CurrentLockOptions {
  const options: unknown = typeof which === 'string' ? { resource: which } : which;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new LockOptionsError(decorator, 'takes a resource, or { resource, connection }.');
  }
  const { resource, connection, ...unknown } = options as Record<string, unknown>;
  const [stranger] = Object.keys(unknown);
  if (stranger !== undefined) {
    throw new LockOptionsError(
      stranger,
      `is not an option of ${decorator}. Known options are: resource, connection.`,
    );
  }
  if (resource !== undefined && (typeof resource !== 'string' || resource === '')) {
    throw new LockOptionsError('resource', 'must be a string that is not empty, or be left out.');
  }
  if (connection !== undefined) checkServiceName('connection', connection);
  return { resource, connection };
}
