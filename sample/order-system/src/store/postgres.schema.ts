import type { ClientBase } from 'pg';
import { MIGRATIONS, SCHEMA } from './postgres.tables';

/** The number has the form of server_version_num: its first digits are the major version. */
const OLDEST_SERVER = { number: 120_000, name: '12' };

/**
 * Creates the tables if there are none, and updates those of an earlier version of the shop. It does all of
 * it or nothing, and keeps the data.
 *
 * @throws Error with the reason, if that is not possible
 */
export async function prepareSchema(client: ClientBase): Promise<void> {
  await refuseOldServer(client);
  await client.query('BEGIN');
  try {
    // Processes may start at the same time. With this lock, the second one finds finished tables. It ends
    // with the transaction.
    await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [SCHEMA]);
    const version = await readVersion(client);
    refuseNewTables(version);
    // Nothing is written if there is nothing to do. So the shop can still show a read-only database.
    if (version < MIGRATIONS.length) await migrate(client, version);
    await client.query('COMMIT');
  } catch (error) {
    // The connection itself may be broken. Then the server rolls back too.
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

async function refuseOldServer(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ number: string; name: string }>(
    `SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS name`,
  );
  const { number = '0', name = '?' } = rows[0] ?? {};
  if (Number(number) >= OLDEST_SERVER.number) return;
  throw new Error(
    `The database is PostgreSQL ${name}, and the shop needs ${OLDEST_SERVER.name} or later. Name another one in DATABASE_URL.`,
  );
}

/** Reads the version of the tables. 0: there are no tables of the shop. */
async function readVersion(client: ClientBase): Promise<number> {
  const { rows: tables } = await client.query<{ found: string | null }>('SELECT to_regclass($1) AS found', [
    `${SCHEMA}.version`,
  ]);
  if (tables[0]?.found == null) {
    await refuseTablesOfOthers(client);
    return 0;
  }
  const { rows } = await client.query<{ number: number }>(`SELECT number FROM ${SCHEMA}.version`);
  return rows[0]?.number ?? 0;
}

async function refuseTablesOfOthers(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT relname AS name FROM pg_class WHERE relnamespace = to_regnamespace($1) LIMIT 1',
    [SCHEMA],
  );
  if (rows[0] === undefined) return;
  throw new Error(
    `The schema "${SCHEMA}" of the database has "${rows[0].name}", and is not of this shop. Rename it, or name another database in DATABASE_URL.`,
  );
}

function refuseNewTables(version: number): void {
  if (version <= MIGRATIONS.length) return;
  throw new Error(
    `The tables in the schema "${SCHEMA}" are of version ${version}, and this shop knows up to ${MIGRATIONS.length}. Start the newer shop, or name another database in DATABASE_URL.`,
  );
}

async function migrate(client: ClientBase, from: number): Promise<void> {
  if (from === 0) {
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${SCHEMA}`);
    await client.query(`CREATE TABLE ${SCHEMA}.version (number integer NOT NULL)`);
    await client.query(`INSERT INTO ${SCHEMA}.version VALUES (0)`);
  }
  for (const statements of MIGRATIONS.slice(from)) await client.query(statements);
  await client.query(`UPDATE ${SCHEMA}.version SET number = $1`, [MIGRATIONS.length]);
}
