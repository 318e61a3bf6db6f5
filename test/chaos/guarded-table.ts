import type { Pool } from 'pg';

/** Who writes, as the row and the list of writes keep it. */
export interface Writer {
  readonly hold: string;
  /** When its hold began. The table does not look at this; the judge does. */
  readonly startedMs: number;
  readonly fence: number;
}

/** A write that was accepted. */
export interface AppliedWrite extends Writer {
  readonly resource: string;
  /** 1 for the first write of a resource, 2 for the next one, … */
  readonly version: number;
}

/** What the locks are for: one row per resource, which refuses a write with a token older than the last one's. */
export class GuardedTable {
  private readonly sql: string;

  constructor(
    private readonly pool: Pick<Pool, 'query'>,
    { checksToken }: { checksToken: boolean },
  ) {
    this.sql = `
      with applied as (
        update guarded set hold = $2, fence = $4, version = version + 1
        where resource = $1 ${checksToken ? 'and fence <= $4' : ''}
        returning version
      )
      insert into written select $1, version, $2, $3, $4 from applied`;
  }

  /** @returns false when it was refused */
  async write(resource: string, { hold, startedMs, fence }: Writer): Promise<boolean> {
    const { rowCount } = await this.pool.query(this.sql, [resource, hold, startedMs, fence]);
    return rowCount === 1;
  }

  static async create(pool: Pick<Pool, 'query'>, resources: readonly string[]): Promise<void> {
    await pool.query(`
      create table guarded (
        resource text primary key, hold text, fence bigint not null, version integer not null
      );
      create table written (
        resource text, version integer, hold text, started_ms double precision, fence bigint
      )`);
    await pool.query('insert into guarded select unnest($1::text[]), null, 0, 0', [resources]);
  }

  /** Takes out the writes since the last time; those of one resource in the order in which they were applied. */
  static async takeWrites(pool: Pick<Pool, 'query'>): Promise<AppliedWrite[]> {
    const { rows } = await pool.query<Record<string, string | number>>('delete from written returning *');
    return rows
      .map((row) => ({
        resource: String(row['resource']),
        version: Number(row['version']),
        hold: String(row['hold']),
        startedMs: Number(row['started_ms']),
        fence: Number(row['fence']),
      }))
      .sort((a, b) => a.version - b.version);
  }
}
