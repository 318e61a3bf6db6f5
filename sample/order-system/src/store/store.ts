import type { Fenceable } from '@nest-quorum/redlock/fencing';
import type { Key, Kind, Records } from './records';

/**
 * What one transaction reads and writes: all of it is kept, or nothing.
 *
 * Nothing in it keeps two callers apart that read the same number and write their own result: that is what the locks
 * around it are for.
 */
export interface Transaction {
  read<K extends Kind>(kind: K, key: Key<K>): Promise<Records[K] | undefined>;

  /**
   * Reads a record that is to be changed. With a lock, the record first takes over its fencing token: from here on, what
   * an earlier holder still writes is refused. Without one it only reads.
   *
   * @throws StaleFenceError when a later holder has been there
   */
  claim<K extends Kind>(kind: K, key: Key<K>, lock?: Fenceable): Promise<Records[K] | undefined>;

  /** @throws StaleFenceError when a later holder has been there */
  write<K extends Kind>(kind: K, record: Records[K], lock?: Fenceable): Promise<void>;

  list<K extends Kind>(kind: K): Promise<Records[K][]>;
}

/** The port to where data is kept. */
export abstract class Store {
  /** Before anything else. @throws DatabaseOpenError which says what is wrong with the database */
  abstract open(): Promise<void>;

  /**
   * Runs `work`, and keeps what it wrote when it is done; when it throws, nothing of it is kept.
   *
   * A lock belongs around this call, and never into it: it has to outlast the commit, or the next holder reads what was
   * there before.
   */
  abstract transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
}
