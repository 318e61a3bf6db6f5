import type { TransactionalAdapter } from '@nestjs-cls/transactional';
import { LockService } from '@nest-quorum/redlock';

/**
 * Wraps any adapter of `@nestjs-cls/transactional`: `new ClsPluginTransactional({ adapter: holdLocks(adapter) })`.
 */
export function holdLocks<C, T, O>(adapter: TransactionalAdapter<C, T, O>): TransactionalAdapter<C, T, O> {
  const { optionsFactory, extraProviderTokens = [] } = adapter;
  return Object.assign(adapter, {
    extraProviderTokens: [...extraProviderTokens, LockService],
    optionsFactory: (connection: C, providers: unknown[]) => {
      const options = optionsFactory.call(adapter, connection, providers);
      const locks = providers.at(-1) as LockService;
      const { wrapWithTransaction: begin } = options;
      options.wrapWithTransaction = (...args) =>
        locks.holdUntilDone(() => begin(...args) as Promise<unknown>);
      return options;
    },
  });
}
