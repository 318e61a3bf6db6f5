import type { Fenceable } from '@nest-quorum/redlock/fencing';
import type { Key, Kind, Records } from './records';

/**
 * Reads and writes in one transaction: all of it is kept, or nothing.
 *
 * A transaction does not keep two callers apart that read the same number and write their own results. The
 * locks around it do that.
 */
export interface Transaction {
  read<K extends Kind>(kind: K, key: Key<K>): Promise<Records[K] | undefined>;

  /**
   * Reads a record that is to be changed. With a lock, the record first gets its fencing token: from then on,
   * writes of earlier holders are refused. Without a lock it only reads.
   *
   * @throws StaleFenceError if a later holder has been there
   */
  claim<K extends Kind>(kind: K, key: Key<K>, lock?: Fenceable): Promise<Records[K] | undefined>;

  /** @throws StaleFenceError if a later holder has been there */
  write<K extends Kind>(kind: K, record: Records[K], lock?: Fenceable): Promise<void>;

  list<K extends Kind>(kind: K): Promise<Records[K][]>;
}

/** The port to the place where data is kept. */
export abstract class Store {
  /** Opens the store, before anything else. @throws DatabaseOpenError with the reason */
  abstract open(): Promise<void>;

  /**
   * Runs `work`, and keeps its writes when it is done. If it throws, nothing of it is kept.
   *
   * A lock belongs around this call, and never inside of it: the lock has to stay until after the commit.
   * Else the next holder reads the old data.
   */
  abstract transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
}
