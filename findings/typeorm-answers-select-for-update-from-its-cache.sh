#!/usr/bin/env bash
# With `cache: { alwaysEnabled: true }`, TypeORM answers SELECT ... FOR UPDATE from its cache: nobody gets the lock, and for a second all
# workers are given the same job.
#
# One would guess: a cache of queries is for queries that only read. `lock: { mode: 'pessimistic_write' }` is an order to the
# database, as an UPDATE is, and what it is for is to wait and then to see what is there now; TypeORM even refuses it outside of a
# transaction. So it always goes to the database, as with the cache of Rails (rails/rails#6985), and a cache that is turned on for
# all finds makes an application late by one second, and not wrong.
#
# What happens: the key of the cache is the text of the query, FOR UPDATE or not. Whoever asks for the same row within a second
# (`duration`) is given what the one before has read, before its change, and no query is sent: there is no lock, no waiting, and the
# old value. Here the last item in stock is sold to three customers, one after the other, and each of them is told so. With the
# cache in Redis it is so while the first one still holds the lock; with the cache in a table, from its commit on. `onLocked:
# 'skip_locked'` gives one job to all workers that ask within that second. No error is raised. A test that runs slower than the
# duration, or has no cache, sees nothing. What helps is `cache: false` in each find that has a lock.
#
# Versions: typeorm 1.1.1 and 0.3.31 over pg 8.23.1 on PostgreSQL 18 (embedded-postgres); ioredis 5.8.2 on redis-server 7.0.15 (any in
# PATH) as the second cache; Node 20.20. Needs redis-server, node and npm. The cache lasts a minute here, so that nothing is by chance.
# Source: `loadRawResults` in query-builder/SelectQueryBuilder.ts of typeorm, which looks into the cache and not at `lockMode`. Its page on
# caching says that all queries are cached with the option; neither that page nor the one on locks speaks of the other.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm redis-server; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
chmod 777 "$folder"
trap 'rm -rf "$folder"' EXIT
cat > "$folder/try.mjs" <<'JS'
import 'reflect-metadata';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import EmbeddedPostgres from 'embedded-postgres';
import typeorm from 'typeorm';

const { DataSource, EntitySchema } = typeorm;
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
const freePort = () =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
const [port, redisPort] = [await freePort(), await freePort()];
const database = new EmbeddedPostgres({
  databaseDir: `${process.cwd()}/data`,
  user: 'postgres',
  password: 'x',
  port,
  persistent: false,
  initdbFlags: ['--locale=C', '--encoding=UTF8', '--lc-messages=C'],
  onLog: () => {},
  onError: () => {},
});
await database.initialise();
await database.start();
const redis = spawn('redis-server', ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', ''], { stdio: 'ignore' });
process.on('exit', () => redis.kill());
const answers = () =>
  new Promise((resolve) => {
    const socket = connect(redisPort, '127.0.0.1', () => { socket.destroy(); resolve(true); });
    socket.on('error', () => resolve(false));
  });
while (!(await answers())) await later(50);

const Item = new EntitySchema({ name: 'Item', columns: { id: { type: 'int', primary: true }, stock: { type: 'int' } } });
const Job = new EntitySchema({ name: 'Job', columns: { id: { type: 'int', primary: true }, state: { type: 'text' } } });
const lasting = { alwaysEnabled: true, duration: 60_000 };
const caches = {
  'no cache': false,
  'a cache in a table': lasting,
  'a cache in Redis': { ...lasting, type: 'ioredis', options: { host: '127.0.0.1', port: redisPort } },
  'a cache in Redis, and cache: false in the find': { ...lasting, type: 'ioredis', options: { host: '127.0.0.1', port: redisPort, db: 1 } },
};
const seen = {};
for (const [name, cache] of Object.entries(caches)) {
  const url = `postgres://postgres:x@127.0.0.1:${port}/postgres`;
  const dataSource = await new DataSource({ type: 'postgres', url, entities: [Item, Job], synchronize: true, dropSchema: true, cache }).initialize();
  await dataSource.query('INSERT INTO item VALUES (1, 1)');
  await dataSource.query("INSERT INTO job VALUES (1, 'new'), (2, 'new'), (3, 'new')");
  const own = name.includes('cache: false') ? { cache: false } : {};
  /** Sells the item to one customer, if there is one left. */
  const sell = () =>
    dataSource.transaction(async (transaction) => {
      const item = await transaction.findOne(Item, { where: { id: 1 }, lock: { mode: 'pessimistic_write' }, ...own });
      if (item.stock === 0) return 'sold out';
      await transaction.save(Item, { ...item, stock: item.stock - 1 });
      return 'sold';
    });
  /** Takes the next job that nobody has, and does it. */
  const work = () =>
    dataSource.transaction(async (transaction) => {
      const lock = { mode: 'pessimistic_write', onLocked: 'skip_locked' };
      const job = await transaction.findOne(Job, { where: { state: 'new' }, order: { id: 'ASC' }, lock, ...own });
      if (job === null) return 'none';
      await transaction.save(Job, { ...job, state: 'done' });
      return job.id;
    });
  // The first one holds the row for a second and does nothing; the second one asks for it meanwhile.
  const holder = dataSource.transaction(async (transaction) => {
    await transaction.findOne(Item, { where: { id: 1 }, lock: { mode: 'pessimistic_write' }, order: { id: 'DESC' }, ...own });
    await later(1000);
  });
  await later(500);
  const asked = dataSource.transaction((transaction) =>
    transaction.findOne(Item, { where: { id: 1 }, lock: { mode: 'pessimistic_write' }, order: { id: 'DESC' }, ...own }));
  const waits = await Promise.race([asked.then(() => 'is given the row at once'), later(250, 'waits')]);
  await Promise.all([holder, asked]);
  const sales = [await sell(), await sell(), await sell()].join(', ');
  const jobs = [await work(), await work(), await work()].join(', ');
  await dataSource.destroy();
  seen[name] = { waits, sales, jobs };
  console.log(`  ${name}: who asks for a row that is locked ${waits}; three customers and one item: ${sales}; three workers get the jobs ${jobs}`);
}
await database.stop();
const is = (name, waits, sales, jobs) => Object.values(seen[name]).join('; ') === [waits, sales, jobs].join('; ');
const right = ['sold, sold out, sold out', '1, 2, 3'];
const wrong = ['sold, sold, sold', '1, 1, 1'];
const isSo = is('no cache', 'waits', ...right) && is('a cache in a table', 'waits', ...wrong)
  && is('a cache in Redis', 'is given the row at once', ...wrong) && is('a cache in Redis, and cache: false in the find', 'waits', ...right);
process.exit(isSo ? 0 : 1);
JS
for typeorm in 1.1.1 0.3.31; do
  mkdir -m 777 "$folder/$typeorm"
  cd "$folder/$typeorm"
  cp ../try.mjs .
  npm init -y >/dev/null
  npm install --silent --no-audit --no-fund "typeorm@$typeorm" pg@8.23.1 ioredis@5.8.2 reflect-metadata@0.2.2 embedded-postgres@18.1.0-beta.15 >/dev/null || exit 2
  # npm may be told to run no scripts of packages; this one links its libraries.
  for native in node_modules/@embedded-postgres/*/; do
    (cd "$native" && node scripts/hydrate-symlinks.js >/dev/null 2>&1 || true)
  done
  echo "typeorm $typeorm"
  # PostgreSQL does not run as root.
  if [ "$(id -u)" = 0 ]; then
    chown -R 65534:65534 "$folder/$typeorm"
    setpriv --reuid=65534 --regid=65534 --clear-groups node try.mjs || { echo 'other than described'; exit 1; }
  else
    node try.mjs || { echo 'other than described'; exit 1; }
  fi
done
echo 'as described'
