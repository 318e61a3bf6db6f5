import { assertFenced, fenceOf, type Fenceable } from '@nest-quorum/redlock/fencing';
import type { ClientBase } from 'pg';
import { KEYS, type Key, type Kind, type Records } from './records';
import type { Transaction } from './store';
import { TABLES } from './postgres.tables';

/**
 * The statements of one transaction. The names come from the tables above, and values are passed as
 * parameters.
 */
export class PostgresTransaction implements Transaction {
  constructor(private readonly client: ClientBase) {}

  async read<K extends Kind>(kind: K, key: Key<K>): Promise<Records[K] | undefined> {
    const { table, columns } = describe(kind);
    const { rows } = await this.client.query<Records[K]>(
      `SELECT ${fieldsOf(columns)} FROM ${table} WHERE ${whereKey(kind, columns)}`,
      valuesOf(kind, key),
    );
    return rows[0];
  }

  async claim<K extends Kind>(kind: K, key: Key<K>, lock?: Fenceable): Promise<Records[K] | undefined> {
    if (lock === undefined) return this.read(kind, key);
    const { table, columns } = describe(kind);
    const { token, owner } = fenceOf(lock);
    const values = valuesOf(kind, key);
    const [fence, fenceOwner] = [`$${values.length + 1}`, `$${values.length + 2}`];
    const { rows, rowCount } = await this.client.query<Records[K]>(
      `UPDATE ${table} SET fence = ${fence}, fence_owner = ${fenceOwner}
        WHERE ${whereKey(kind, columns)}
          AND (fence < ${fence} OR (fence = ${fence} AND fence_owner = ${fenceOwner}))
    RETURNING ${fieldsOf(columns)}`,
      [...values, token, owner],
    );
    // Nothing was changed: the row does not exist, or it belongs to a later holder.
    if (rows[0] === undefined && (await this.read(kind, key)) !== undefined) assertFenced({ rowCount }, lock);
    return rows[0];
  }

  async write<K extends Kind>(kind: K, record: Records[K], lock?: Fenceable): Promise<void> {
    const { table, columns } = describe(kind);
    const row: Record<string, unknown> = Object.fromEntries(
      Object.entries(columns).map(([field, column]) => [column, record[field as keyof Records[K]]]),
    );
    if (lock !== undefined) {
      const { token, owner } = fenceOf(lock);
      Object.assign(row, { fence: token, fence_owner: owner });
    }
    const names = Object.keys(row);
    const result = await this.client.query(
      `INSERT INTO ${table} AS kept (${names.join(', ')}) VALUES (${names.map((_, at) => `$${at + 1}`).join(', ')})
         ON CONFLICT (${keyColumns(kind, columns).join(', ')})
         DO UPDATE SET ${names.map((name) => `${name} = EXCLUDED.${name}`).join(', ')}
         ${lock === undefined ? '' : NOT_STALE}`,
      Object.values(row),
    );
    if (lock !== undefined) assertFenced(result, lock);
  }

  async list<K extends Kind>(kind: K): Promise<Records[K][]> {
    const { table, columns } = describe(kind);
    const { rows } = await this.client.query<Records[K]>(`SELECT ${fieldsOf(columns)} FROM ${table}`);
    return rows;
  }
}

const NOT_STALE = `WHERE kept.fence < EXCLUDED.fence
            OR (kept.fence = EXCLUDED.fence AND kept.fence_owner = EXCLUDED.fence_owner)`;

type Columns = Readonly<Record<string, string>>;

function describe(kind: Kind): { table: string; columns: Columns } {
  return TABLES[kind];
}

/** Makes `order_id AS "orderId"`, so that rows come as records. */
function fieldsOf(columns: Columns): string {
  return Object.entries(columns)
    .map(([field, column]) => `${column} AS "${field}"`)
    .join(', ');
}

function keyColumns(kind: Kind, columns: Columns): string[] {
  return KEYS[kind].map((field) => columns[field] ?? field);
}

function whereKey(kind: Kind, columns: Columns): string {
  return keyColumns(kind, columns)
    .map((column, at) => `${column} = $${at + 1}`)
    .join(' AND ');
}

function valuesOf<K extends Kind>(kind: K, key: Key<K>): unknown[] {
  return KEYS[kind].map((field) => key[field as keyof Key<K>]);
}
