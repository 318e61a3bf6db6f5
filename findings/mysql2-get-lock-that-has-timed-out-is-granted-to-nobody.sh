#!/usr/bin/env bash
# A GET_LOCK that mysql2 has rejected with a timeout gets the lock later all the same. An idle connection of the pool holds it
# then, and nobody gives it back.
#
# One would guess: when the `timeout` of a query is over, its connection is of no use any more, and the pool destroys it, as that
# of the package mysql does, whose interface mysql2 has. Or the server stops the query, as with `queryTimeout` of
# the connector of MariaDB. Whoever is told of a timeout of GET_LOCK does not have the lock, and may try again.
#
# What happens: the timeout settles the promise and nothing else. The query waits on in the server, and the pool keeps its connection
# until it is answered. When the holder gives the lock back, the server grants it to this connection, the answer is thrown
# away, and the connection goes back to the pool and holds the lock as long as it lives. Everybody else finds it
# taken, while no caller has it. Whoever happens to be lent this connection gets it at once, since a session may take its lock
# twice, and gives back one of two: it is not free then either. One late holder so stops a job for good, in the whole fleet,
# and a restart of one process cures it. What helps is a limit in GET_LOCK itself, shorter than `timeout`, or to take a
# connection from the pool for it and to destroy that one after a timeout.
#
# Versions: mysql2 3.24.6, mysql 2.18.1 and mariadb 3.5.4, on MariaDB 10.11.19 of Debian 12, Node 20.20. Needs mariadbd and
# mariadb-install-db (the Debian package mariadb-server), node and npm. Each pool has one connection, so that nothing is by chance.
# Source: `_handleTimeoutError` in lib/commands/query.js and `query` in lib/base/pool.js of sidorares/node-mysql2
# (sidorares/node-mysql2#185); the chapter on timeouts in the Readme of mysqljs/mysql.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
export PATH="$PATH:/usr/sbin"
for tool in mariadbd mariadb-install-db node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool (apt-get install mariadb-server)"; exit 2; }
done
folder=$(mktemp -d)
server=
stop() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  rm -rf "$folder"
}
trap stop EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund mysql2@3.24.6 mysql@2.18.1 mariadb@3.5.4 >/dev/null || exit 2
user=$(id -un)
mariadb-install-db --no-defaults --user="$user" --auth-root-authentication-method=normal --datadir="$folder/data" \
  --skip-test-db >install.log 2>&1 || { cat install.log; exit 2; }
mariadbd --no-defaults --user="$user" --datadir="$folder/data" --socket="$folder/socket" --pid-file="$folder/pid" --skip-networking \
  >server.log 2>&1 &
server=$!
cat > try.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { setTimeout as later } from 'node:timers/promises';
import { promisify } from 'node:util';
import mariadb from 'mariadb';
import mysql from 'mysql';
import mysql2 from 'mysql2/promise';

const socketPath = `${process.cwd()}/socket`;
const options = { socketPath, user: 'root', connectionLimit: 1 };
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
async function opened(left) {
  try {
    return await mysql2.createConnection(options);
  } catch (error) {
    if (left === 0) throw error;
    await later(200);
    return opened(left - 1);
  }
}
const admin = await opened(600);
const one = async (query, sql) => Object.values((await query(sql))[0])[0];
const asked = (sql) => one(async (text) => (await admin.query(text))[0], sql);

const TIMEOUT_MS = 500;
const drivers = {
  mysql2() {
    const pool = mysql2.createPool(options);
    return { query: async (sql, timeout) => (await pool.query({ sql, timeout }))[0], end: () => pool.end() };
  },
  mysql() {
    const pool = mysql.createPool(options);
    const query = promisify(pool.query.bind(pool));
    return { query: (sql, timeout) => query({ sql, timeout }), end: promisify(pool.end.bind(pool)) };
  },
  mariadb() {
    const pool = mariadb.createPool(options);
    return { query: (sql, queryTimeout) => pool.query({ sql, queryTimeout }), end: () => pool.end() };
  },
};

/** Who has the lock after its holder has given it back, if a caller has asked for it meanwhile and was told of a timeout. */
async function afterTimeout(driver) {
  const name = `report of ${driver}`;
  const { query, end } = drivers[driver]();
  await asked(`SELECT GET_LOCK('${name}', 0)`);
  const told = await query(`SELECT GET_LOCK('${name}', 60)`, TIMEOUT_MS).then(
    ([answer]) => `the answer ${Object.values(answer)[0]}`,
    ({ code }) => code,
  );
  await asked(`SELECT RELEASE_LOCK('${name}')`);
  // With one connection, the pool answers this when it is done with what came before.
  const connection = await one(query, 'SELECT CONNECTION_ID()');
  // Waits if the server has not noticed yet that a connection has ended.
  const again = await asked(`SELECT GET_LOCK('${name}', 10)`);
  const holder = await asked(`SELECT IS_USED_LOCK('${name}')`);
  const isPools = holder === Number(connection);
  console.log(`${driver} ${version(driver)}: the caller is told ${told}`);
  console.log(`  when the holder has given it back, ${again ? 'the next one who asks gets it' : 'nobody gets it for 10 s'}`);
  if (isPools) {
    const got = await one(query, `SELECT GET_LOCK('${name}', 0)`);
    const gave = await one(query, `SELECT RELEASE_LOCK('${name}')`);
    const isFree = await asked(`SELECT IS_FREE_LOCK('${name}')`);
    console.log(`  the connection of the pool has it; a caller there takes it (${got}) and gives it back (${gave}): free ${isFree}`);
    await end();
    return got && gave && !isFree && !again ? 'nobody' : 'other';
  }
  await end();
  return again === 1 ? 'next' : 'other';
}

console.log(await asked('SELECT VERSION()'));
const seen = {};
for (const driver of Object.keys(drivers)) seen[driver] = await afterTimeout(driver);
await admin.end();
const isSo = seen.mysql2 === 'nobody' && seen.mysql === 'next' && seen.mariadb === 'next';
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
node try.mjs
