import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

/** Runs a statement in the transaction of whoever calls. */
export type Query = (sql: string, values?: unknown[]) => Promise<{ left: number }[]>;

const BUYERS = 20;

/** A shelf in a real database, and many who take one item each. */
export class Stock {
  private constructor(private readonly db: Client) {}

  static async open(url: string): Promise<Stock> {
    const db = new Client({ connectionString: url });
    await db.connect();
    await db.query('CREATE TABLE IF NOT EXISTS stock (id text PRIMARY KEY, "left" int NOT NULL)');
    return new Stock(db);
  }

  close(): Promise<void> {
    return this.db.end();
  }

  /** How many updates are lost when all buy at once. */
  async lostOf(buy: () => Promise<unknown>): Promise<number> {
    await this.db.query(
      `INSERT INTO stock VALUES ('book', ${BUYERS}) ON CONFLICT (id) DO UPDATE SET "left" = ${BUYERS}`,
    );
    await Promise.all(Array.from({ length: BUYERS }, buy));
    const { rows } = await this.db.query<{ left: number }>(`SELECT "left" FROM stock WHERE id = 'book'`);
    return rows[0]?.left ?? NaN;
  }
}

/** Reads, thinks, and writes: right only if nobody else does so at the same time. */
export async function takeOne(query: Query): Promise<void> {
  const [row] = await query(`SELECT "left" FROM stock WHERE id = 'book'`);
  await sleep(1);
  await query(`UPDATE stock SET "left" = $1 WHERE id = 'book'`, [(row?.left ?? NaN) - 1]);
}
