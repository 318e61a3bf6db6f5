import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Pool, type PoolClient } from 'pg';
import { DatabaseException, troubleOf } from './database.exception';
import { DatabaseOpenError } from './database-open.error';
import { prepareSchema } from './postgres.schema';
import { PostgresTransaction } from './postgres.transaction';
import { Store, type Transaction } from './store';

const CONNECT_LIMIT_MS = 5_000;
/** This is shorter than any wait for a lock. */
const STATEMENT_LIMIT_MS = 10_000;

/** Keeps orders, stock and payments in PostgreSQL. */
export class PostgresStore extends Store implements OnApplicationShutdown {
  private readonly logger = new Logger(PostgresStore.name);
  private readonly pool: Pool;

  constructor(private readonly url: string) {
    super();
    this.pool = new Pool({
      connectionString: url,
      connectionTimeoutMillis: CONNECT_LIMIT_MS,
      statement_timeout: STATEMENT_LIMIT_MS,
      // This ends a query to a server that does not answer any more.
      query_timeout: STATEMENT_LIMIT_MS + CONNECT_LIMIT_MS,
      application_name: 'order-system',
    });
    // Handles errors of idle connections. Without a listener such an error would end the process.
    this.pool.on('error', (error) => {
      this.logger.warn(`A connection to the database broke: ${error.message}`);
    });
  }

  override async open(): Promise<void> {
    try {
      await this.withClient(prepareSchema);
    } catch (error) {
      throw new DatabaseOpenError(this.url, error);
    }
  }

  override async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    try {
      return await this.withClient(async (client, giveUp) => {
        try {
          await client.query('BEGIN');
          const result = await work(new PostgresTransaction(client));
          await commit(client);
          return result;
        } catch (error) {
          // If the rollback fails too, the connection is given up, and the server rolls back.
          await client.query('ROLLBACK').catch(giveUp);
          throw error;
        }
      });
    } catch (error) {
      const trouble = troubleOf(error);
      if (trouble === undefined) throw error;
      this.logger.warn(`The database: ${(error as Error).message}`);
      throw new DatabaseException(trouble, error);
    }
  }

  /** The pool ends after the last request, since running requests need it. */
  async onApplicationShutdown(): Promise<void> {
    await this.pool.end();
  }

  private async withClient<T>(use: (client: PoolClient, giveUp: () => void) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    let isBroken = false;
    const giveUp = () => {
      isBroken = true;
    };
    // Handles an error of a connection in use, which would end the process without a listener. The running
    // query reports it.
    client.on('error', giveUp);
    try {
      return await use(client, giveUp);
    } finally {
      client.removeListener('error', giveUp);
      client.release(isBroken);
    }
  }
}

/** If the server is lost here, it may have committed or not. */
async function commit(client: PoolClient): Promise<void> {
  try {
    await client.query('COMMIT');
  } catch (error) {
    throw troubleOf(error) === 'DATABASE_UNAVAILABLE'
      ? new DatabaseException('COMMIT_UNKNOWN', error)
      : error;
  }
}
