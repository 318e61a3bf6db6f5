import {
  Inject,
  mixin,
  Optional,
  type CanActivate,
  type ExecutionContext,
  type InjectionToken,
  type Type,
} from '@nestjs/common';
import { LockKeyError } from '../errors/lock-key.error';
import { LockOptionsError } from '../errors/lock-options.error';
import type { ContextLockKey } from '../keys/lock-key.interface';
import { checkResources } from '../locking/api/check-resources';
import { readOptions } from '../errors/read-options';
import { contextKeySource } from '../keys/context-key';
import { compileLockKey } from '../keys/lock-key';
import { checkMaxAhead, type FenceAheadOptions } from './fence-ahead';
import { FenceException } from './fence.exception';
import type { FenceStore } from './fence-store.interface';
import { fenceOfRequest, letPass } from './request-fence';

/** Options of a fence guard: the store (one of the first two), and which fences are accepted. */
export interface FenceGuardOptions extends FenceAheadOptions {
  store?: FenceStore | undefined;
  /** The provider of the store. */
  inject?: InjectionToken<FenceStore> | undefined;
  /**
   * With false, a request without a fence passes. Use it only while not all of your callers send one: such a
   * request may come from a stale holder.
   *
   * @default true
   */
  required?: boolean | undefined;
}

const NO_STORE = Symbol('no store');

/**
 * Makes a guard for HTTP handlers that lock holders call. It lets a request pass unless a later holder has been
 * here. The answer to others is 412 if the fence is stale, and 428 without a fence. It is 400 if the fence has a
 * wrong form, if its token is too far in the future (`maxAhead`), or if the resource in the request is impossible.
 *
 * The guard checks when the request comes. A handler that then works for a long time can still be overtaken by a
 * later holder. So let it write under the same fence, which `@RequestFence()` gives it.
 *
 * The key is made of raw input. Give its values a form such as `|int`: without it, a stale holder passes with
 * another spelling of the resource (`7`, `07`), since no fence was seen for that spelling.
 *
 * @param key the resource of the fence: a template of the request, as for `LockInterceptor`
 * @throws LockKeyError, LockOptionsError at once, for mistakes that can be seen then
 * @example
 * ```ts
 * @Post(':id/payments')
 * @UseGuards(FenceGuard('order:<params.id|int>', { inject: RedisFenceStore }))
 * pay(@Param('id') id: string) { … }
 * ```
 */
export function FenceGuard(key: ContextLockKey, options: FenceGuardOptions): Type<CanActivate> {
  const resolve = compileLockKey(key, contextKeySource);
  const { store: given, inject, required = true, maxAhead } = checkOptions(options);

  class MixinFenceGuard implements CanActivate {
    private readonly store: FenceStore;

    // The parameter is optional for Nest, since there is nothing to inject if the store itself was given.
    constructor(@Optional() @Inject(inject ?? NO_STORE) injected?: FenceStore) {
      const store = given ?? injected;
      if (store === undefined) {
        throw new LockOptionsError(
          'inject',
          'is a provider that the module of the controller does not know.',
        );
      }
      this.store = store;
    }

    async canActivate(context: ExecutionContext): Promise<boolean> {
      const fence = fenceOfRequest(context, required, { maxAhead });
      if (fence === undefined) return true;
      // All resources are resolved before the first fence is kept.
      for (const resource of resourcesOf(() => resolve(context))) {
        if (!(await this.store.accept(resource, fence))) throw new FenceException('FENCE_STALE');
      }
      letPass(context, fence);
      return true;
    }
  }

  return mixin(MixinFenceGuard);
}

/** @throws FenceException (400) for names that no lock can have, since no holder can have sent them */
function resourcesOf(resolve: () => string | readonly string[]): readonly string[] {
  let resolved: string | readonly string[];
  try {
    resolved = resolve();
  } catch (error) {
    if (error instanceof LockKeyError && error.isFromClient) throw wrongResource(error);
    throw error;
  }
  try {
    return checkResources(resolved);
  } catch (error) {
    throw wrongResource(error);
  }
}

function wrongResource(cause: unknown): FenceException {
  return new FenceException('FENCE_RESOURCE_INVALID', { cause });
}

const OPTIONS = ['store', 'inject', 'required', 'maxAhead'] satisfies (keyof FenceGuardOptions)[];

function checkOptions(given: FenceGuardOptions): FenceGuardOptions {
  const options: FenceGuardOptions = readOptions(given, OPTIONS, {
    name: 'options',
    what: ' with a `store`, or with the provider to `inject`',
    each: 'an option of FenceGuard',
  });
  const { store, inject, required } = options;
  if ((store === undefined) === (inject === undefined)) {
    throw new LockOptionsError('store', 'is needed, or else `inject`, and not both.');
  }
  if (store !== undefined && typeof (store as Partial<FenceStore> | null)?.accept !== 'function') {
    throw new LockOptionsError('store', 'must have a method `accept(resource, fence)`.');
  }
  if (required !== undefined && typeof required !== 'boolean') {
    throw new LockOptionsError('required', 'must be true or false.');
  }
  return { ...options, maxAhead: checkMaxAhead(options.maxAhead) };
}
