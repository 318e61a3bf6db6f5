import { type Fenceable, fenceOf } from './fence';
import { StaleFenceError } from './stale-fence.error';

/** The results with which database clients tell the number of changed rows. */
export type ChangedRows =
  | number
  /** The result of pg. */
  | { readonly rowCount: number | null }
  /** The result of mysql2. */
  | { readonly affectedRows: number }
  /** The result of TypeORM. */
  | { readonly affected?: number | null }
  /** The result of Prisma's `updateMany`. */
  | { readonly count: number }
  /** The result of better-sqlite3 and node:sqlite. */
  | { readonly changes: number | bigint };

/**
 * Turns an update that changed no row into a `StaleFenceError`. The statement has to compare the fence itself:
 *
 * ```sql
 * UPDATE orders SET state = $1, fence = $2, fence_owner = $3
 *  WHERE id = $4 AND (fence < $2 OR (fence = $2 AND fence_owner = $3))
 * ```
 *
 * Use it only if the row must exist: a row that is missing is not changed either.
 *
 * @throws StaleFenceError if no row was changed
 * @throws TypeError if `result` does not tell the number of changed rows
 */
export function assertFenced(result: ChangedRows, lock: Fenceable): void {
  const { token } = fenceOf(lock);
  if (rowsOf(result) > 0) return;
  const hint = ' No row was changed; make sure that the row exists.';
  throw new StaleFenceError({ resources: lock.resources, token, hint });
}

const NAMES = ['rowCount', 'affectedRows', 'affected', 'count', 'changes'] as const;

function rowsOf(result: unknown): number {
  const given =
    typeof result === 'object' && result !== null
      ? NAMES.map((name) => (result as Record<string, unknown>)[name]).find((rows) => rows !== undefined)
      : result;
  const rows = typeof given === 'bigint' ? Number(given) : given;
  if (typeof rows === 'number' && rows >= 0) return rows;
  throw new TypeError(
    'assertFenced needs the number of changed rows, or a result with rowCount, affectedRows, affected, count or changes.',
  );
}
