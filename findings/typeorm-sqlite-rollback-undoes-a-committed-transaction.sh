#!/usr/bin/env bash
# On SQLite, a transaction of TypeORM that has said "committed" is undone when another one, of another request, rolls back.
#
# One would guess: SQLite has one writer at a time, so a second `dataSource.transaction()` waits until the first one is
# over, as with Knex (a pool of one connection) and with SQLite itself (BEGIN IMMEDIATE), or it fails because a
# transaction is under way. A transaction whose promise has resolved is in the database, and a rollback undoes the work of its own
# transaction.
#
# What happens: on SQLite all transactions of a DataSource share one query runner, which has one counter for how deep it is.
# A transaction that starts while another one of the application is under way is taken for a nested one: a savepoint
# within the stranger's transaction. Whoever ends first ends the innermost level, whosever that is. So if A starts, B
# starts, and A ends first, then A's commit releases the savepoint of B and commits nothing, and A is told that it is
# committed. If B fails then, its rollback is that of the outermost level: A's rows are gone. If A fails first, it
# undoes what B has written so far, and keeps its own rows, which B commits. No error is raised in either case. Tests of
# services on SQLite in memory see rows come and go, and an application on SQLite loses confirmed writes.
#
# Versions: typeorm 0.3.31 with its driver `sqljs` (sql.js 1.17.0) and its driver `better-sqlite3` (libsql 0.5.29, which has the
# interface of that), on Node 20.20. Needs node and npm.
# Source: `createQueryRunner` in SqljsDriver.ts and BetterSqlite3Driver.ts, and `startTransaction`, `commitTransaction` and
# `rollbackTransaction` in AbstractSqliteQueryRunner.ts of typeorm. Errors that come of the same are typeorm/typeorm#1884.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --legacy-peer-deps typeorm@0.3.31 sql.js@1.17.0 libsql@0.5.29 reflect-metadata@0.2.2 \
  >/dev/null || exit 2
cat > try.cjs <<'JS'
require('reflect-metadata');
const { readFileSync } = require('node:fs');
const { DataSource } = require('typeorm');
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;

/** A signal that one transaction gives and another waits for. */
function signal() {
  let give;
  const given = new Promise((resolve) => { give = resolve; });
  return { give, given };
}

const told = (transaction) => transaction.then(() => 'committed', (error) => `rejected: ${error.message}`);

/** Two requests, of which A starts first and ends first, and one fails. */
async function twoRequests(source, failing) {
  await source.query('DELETE FROM entry');
  const [aWrote, bWrote, aEnded] = [signal(), signal(), signal()];
  const end = (who) => {
    if (who === failing) throw new Error(`${who} fails`);
  };
  const a = told(source.transaction(async (manager) => {
    await manager.query("INSERT INTO entry VALUES ('A')");
    aWrote.give();
    await bWrote.given;
    end('A');
  }));
  await aWrote.given;
  const b = told(source.transaction(async (manager) => {
    await manager.query("INSERT INTO entry VALUES ('B')");
    bWrote.give();
    await aEnded.given;
    end('B');
  }));
  const result = { a: await a };
  aEnded.give();
  result.b = await b;
  result.rows = (await source.query('SELECT who FROM entry ORDER BY who')).map(({ who }) => who).join(', ');
  console.log(`  A: ${result.a}; then B: ${result.b}; rows afterwards: ${result.rows || 'none'}`);
  return result;
}

// If B had to wait for A, neither would go on here, and the process would end with this.
process.exitCode = 1;
(async () => {
  console.log(`typeorm ${version('typeorm')}`);
  let isSo = true;
  for (const [driver, options] of [
    [`sql.js ${version('sql.js')}`, { type: 'sqljs' }],
    [`libsql ${version('libsql')}`, { type: 'better-sqlite3', database: ':memory:', driver: require('libsql') }],
  ]) {
    const source = new DataSource(options);
    await source.initialize();
    await source.query('CREATE TABLE entry (who text)');
    console.log(driver);
    const bFails = await twoRequests(source, 'B');
    const aFails = await twoRequests(source, 'A');
    isSo &&= bFails.a === 'committed' && bFails.b === 'rejected: B fails' && bFails.rows === '';
    isSo &&= aFails.a === 'rejected: A fails' && aFails.b === 'committed' && aFails.rows === 'A';
    await source.destroy();
  }
  console.log(isSo ? 'as described' : 'other than described');
  process.exit(isSo ? 0 : 1);
})().catch((error) => {
  console.error(error);
  process.exit(2);
});
JS
node try.cjs
