import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { until } from '../../helpers/until';

/** Runs a statement in the transaction of whoever calls. */
export type Query = (sql: string, values?: unknown[]) => Promise<{ left: number }[]>;

export const BUYERS = 20;

/** What the present buyers have done. Each commits what it has read, in the order in which they had the lock. */
const progress = { reads: 0, commits: 0, areLate: false };

/** A buyer knows what is left. */
export function noteRead(): void {
  progress.reads += 1;
}

/** Called by the transactions of all buyers. Where commits are late, the next buyer reads before. */
export async function beforeCommit(): Promise<void> {
  if (!progress.areLate) return;
  const mine = (progress.commits += 1);
  await until('the next has read', () => progress.reads > mine || progress.reads === BUYERS);
}

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

  /**
   * How many updates are lost when all buy at once.
   *
   * @param areLate a commit waits for the next buyer, who reads what is left as soon as it has the lock
   */
  async lostOf(buy: () => Promise<unknown>, { areLate = false } = {}): Promise<number> {
    Object.assign(progress, { reads: 0, commits: 0, areLate });
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
  noteRead();
  await sleep(1);
  await query(`UPDATE stock SET "left" = $1 WHERE id = 'book'`, [(row?.left ?? NaN) - 1]);
}
