import { LockOptionsError } from '../../errors/lock-options.error';
import { isKeyName } from '../../keys/method-key';
import type { LockKeyFunction } from '../../keys/lock-key.interface';
import type { LockTargets } from '../../locking/api/check-targets';
import { nameKeyParameter } from './key-names';

/**
 * The key of `@Locked`:
 * - a template: `order:<0>` (first argument), `order:<0.user.id>` (a path in it), `order:<id>` (the parameter with
 *   `@LockKey('id')`), `stock:<this.region>` (a property of the instance). `<0|int>`, `<0|uuid>`, `<0|lower>` and
 *   `<0|trim>` make one key of all spellings of a value. Values are encoded with `encodeURIComponent`, and a value
 *   that is undefined, null, '', NaN or an object causes a `LockKeyError`. `<<` is a literal `<`. `<'{0}'>` is the
 *   text `{0}`, which is refused without the quotes, as a placeholder of another tool
 * - several templates, which are locked together or not at all
 * - a template in `{ shared: 'rates:<0>' }`, alone or among several: the resource is only read, beside other
 *   readers
 * - a function that gets the arguments of the method and its `this`, and returns the names
 */
export type LockKey<F extends LockKeyFunction = LockKeyFunction> = LockTargets | F;

/**
 * Gives a parameter a name, so that the template of `@Locked` finds it at any position. A template with a name that no
 * parameter has is refused when the class is defined.
 *
 * Standard decorators (TC39) do not exist for parameters: use positions there.
 *
 * @param name a name as of a variable, which is not `this`
 * @throws LockOptionsError when the class is defined
 *
 * @example
 * ```ts
 * @Locked('order:<id>')
 * async pay(amount: number, @LockKey('id') orderId: string) { … }
 *
 * @Locked('account:<key.number|trim>')
 * async close(@LockKey() account: Account) { … }
 * ```
 */
export function LockKey(name = 'key'): ParameterDecorator {
  if (!isKeyName(name)) {
    throw new LockOptionsError(
      '@LockKey',
      'needs a name that could be the name of a variable, such as "id". The name "this" is taken.',
    );
  }
  return (target, propertyKey, index) => {
    if (typeof target === 'function' || propertyKey === undefined) {
      throw new LockOptionsError('@LockKey', 'must be put on a parameter of a method that is not static.');
    }
    nameKeyParameter(target, propertyKey, name, index);
  };
}
