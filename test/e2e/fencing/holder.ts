import { Client } from 'pg';
import { createLockService } from '../../../lib/service/create-lock-service';
import { assertFenced } from '../../../lib/fencing/assert-fenced';
import { fenceOf } from '../../../lib/fencing/fence';
import { StaleFenceError } from '../../../lib/fencing/stale-fence.error';

/** A process that takes the lock, says so, and writes when it is told to, without a look at its lock. */
async function main([postgres = '', ...nodes]: string[]): Promise<void> {
  const locks = createLockService({ nodes });
  const db = new Client({ connectionString: postgres });
  await db.connect();
  const lock = await locks.acquire('account:1', { ttl: 1_000, fencing: true });
  const { token, owner } = fenceOf(lock);
  console.log(`held ${token}`);
  process.stdin.once('data', () => {
    const update = `UPDATE account SET balance = 1, fence = $1, fence_owner = $2
      WHERE id = 1 AND (fence < $1 OR (fence = $1 AND fence_owner = $2))`;
    db.query(update, [token, owner])
      .then((result) => {
        assertFenced(result, lock);
        console.log('written');
      })
      .catch((error: unknown) => {
        console.log(error instanceof StaleFenceError ? 'refused' : String(error));
      })
      .finally(() => process.exit());
  });
}

// Started as `node -e`, which has no file among its arguments.
void main(process.argv.slice(2));
