import type { LockService } from '@nest-quorum/redlock';
import type { DataSource } from 'typeorm';

/** Call it once, before the first transaction: all transactions of TypeORM begin at this method. */
export function holdLocksUntilCommit(dataSource: DataSource, locks: LockService): void {
  const { manager } = dataSource;
  const transaction = manager.transaction.bind(manager) as (...args: unknown[]) => Promise<unknown>;
  manager.transaction = (...args: unknown[]) => locks.holdUntilDone(() => transaction(...args));
}
