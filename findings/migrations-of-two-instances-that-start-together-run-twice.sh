#!/usr/bin/env bash
# Two instances that start together both run a migration of Drizzle, TypeORM or Umzug, and both are told that all is well: amounts are
# multiplied twice.
#
# One would guess: a tool for migrations takes a lock, since it is what all instances of an application do at the same moment, when
# they start (`migrationsRun: true`). Or, where it takes none, its table of migrations keeps the second one out: what is
# done is written there in the same transaction, so the slower instance fails and its changes are rolled back.
#
# What happens: each of the three reads the table first, and runs what is not in it, without a lock. The table lets the same migration
# in twice with Drizzle and TypeORM: its key is a number that counts up. So after a deployment of two instances each migration of
# data is there twice, `cents = euros * 100` by 10,000, and each of the two says that it has succeeded. With Umzug (which is what
# Sequelize uses) the second row is refused, but there is no transaction around the two, so the change stays. Migrations of the
# schema hide it: the second CREATE TABLE fails, the instance is started anew, and all is well. Knex, Kysely and node-pg-migrate take
# a lock. What helps is one job that migrates before the instances start, or a lock around it that all of them take.
#
# Versions: drizzle-orm 0.45.4, typeorm 1.1.1, umzug 3.8.3 with sequelize 6.37.8, and for comparison knex 3.3.0, kysely 0.28.19 and
# node-pg-migrate 8.0.4, over pg 8.23.1 on PostgreSQL 18 (embedded-postgres), Node 20.20. Needs node and npm. The tables of the tools are
# there already, as at each deployment but the first. Each migration sleeps, so that the two are under way at the same time.
# Source: `migrate` in pg-core/dialect.ts of drizzle-orm (drizzle-team/drizzle-orm#874), MigrationExecutor.ts of typeorm
# (typeorm/typeorm#4588), umzug.ts. The pages of the first two on migrations at the start of the application do not speak of it.
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
npm install --silent --no-audit --no-fund drizzle-orm@0.45.4 typeorm@1.1.1 umzug@3.8.3 sequelize@6.37.8 knex@3.3.0 kysely@0.28.19 \
  node-pg-migrate@8.0.4 pg@8.23.1 reflect-metadata@0.2.2 embedded-postgres@18.1.0-beta.15 >/dev/null || exit 2
# npm may be told to run no scripts of packages; this one links its libraries.
for native in node_modules/@embedded-postgres/*/; do
  (cd "$native" && node scripts/hydrate-symlinks.js >/dev/null 2>&1 || true)
done
mkdir -p drizzle/meta knex node-pg-migrate
cat > drizzle/meta/_journal.json <<'JSON'
{ "version": "7", "dialect": "postgresql", "entries": [{ "idx": 0, "version": "7", "when": 1700000000000, "tag": "0000_cents", "breakpoints": true }] }
JSON
cat > drizzle/0000_cents.sql <<'SQL'
SELECT pg_sleep(2);
--> statement-breakpoint
UPDATE prices SET amount = amount * 100;
SQL
cat > knex/cents.js <<'JS'
exports.up = async (knex) => {
  await knex.raw('SELECT pg_sleep(2)');
  await knex.raw('UPDATE prices SET amount = amount * 100');
};
exports.down = () => undefined;
JS
cat > node-pg-migrate/1700000000000_cents.js <<'JS'
exports.up = (builder) => {
  builder.sql('SELECT pg_sleep(2)');
  builder.sql('UPDATE prices SET amount = amount * 100');
};
JS
cat > try.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import EmbeddedPostgres from 'embedded-postgres';
import knex from 'knex';
import { Kysely, Migrator, PostgresDialect, sql } from 'kysely';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import sequelize from 'sequelize';
import typeorm from 'typeorm';
import { SequelizeStorage, Umzug } from 'umzug';

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
const steps = ['SELECT pg_sleep(2)', 'UPDATE prices SET amount = amount * 100'];
class Cents1700000000000 {
  async up(runner) {
    for (const step of steps) await runner.query(step);
  }
  async down() {}
}

/** What an instance does when it starts. */
const tools = {
  'drizzle-orm': async () => {
    const pool = new pg.Pool({ connectionString: url });
    await migrate(drizzle(pool), { migrationsFolder: 'drizzle' });
    await pool.end();
  },
  typeorm: async () => {
    const source = await new typeorm.DataSource({ type: 'postgres', url, migrations: [Cents1700000000000], migrationsRun: true }).initialize();
    await source.destroy();
  },
  umzug: async () => {
    const database = new sequelize.Sequelize(url, { logging: false });
    const up = async () => {
      for (const step of steps) await database.query(step);
    };
    const umzug = new Umzug({ migrations: [{ name: 'cents', up }], storage: new SequelizeStorage({ sequelize: database }) });
    await umzug.up().finally(() => database.close());
  },
  knex: async () => {
    const database = knex({ client: 'pg', connection: url, migrations: { directory: 'knex' } });
    await database.migrate.latest().finally(() => database.destroy());
  },
  kysely: async () => {
    const database = new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url }) }) });
    const up = async (transaction) => {
      for (const step of steps) await sql.raw(step).execute(transaction);
    };
    const { error } = await new Migrator({ db: database, provider: { getMigrations: async () => ({ cents: { up } }) } }).migrateToLatest();
    await database.destroy();
    if (error) throw error;
  },
  'node-pg-migrate': async () => {
    await runner({ databaseUrl: url, dir: 'node-pg-migrate', direction: 'up', migrationsTable: 'pgmigrations', count: Infinity, log: () => undefined });
  },
};
const TABLES = ['drizzle.__drizzle_migrations', 'migrations', '"SequelizeMeta"', 'knex_migrations', 'kysely_migration', 'pgmigrations'];
const admin = new pg.Client({ connectionString: url });
await admin.connect();
const results = {};
for (const [name, start] of Object.entries(tools)) {
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));
  await admin.query('DROP SCHEMA public CASCADE');
  await admin.query('CREATE SCHEMA public');
  await admin.query('CREATE TABLE prices (amount int)');
  await start();
  // The tool has made its tables. Now it has one migration that is new.
  for (const table of TABLES) {
    const { rows } = await admin.query('SELECT to_regclass($1) AS found', [table]);
    if (rows[0].found) await admin.query(`DELETE FROM ${table}`);
  }
  await admin.query('INSERT INTO prices VALUES (7)');
  const told = (await Promise.allSettled([start(), start()])).map(({ status, reason }) => (status === 'fulfilled' ? 'done' : reason.message));
  const [{ amount }] = (await admin.query('SELECT amount FROM prices')).rows;
  const done = told.filter((text) => text === 'done').length;
  results[name] = [done, amount].join();
  console.log(`  ${name} ${version}: a price of 7 times 100 is ${amount}; the two instances were told: ${told.sort().join(', and ')}`);
}
await admin.end();
await server.stop();
const isSo = results['drizzle-orm'] === '2,70000' && results.typeorm === '2,70000' && results.umzug === '1,70000'
  && results.knex === '2,700' && results.kysely === '2,700' && results['node-pg-migrate'] === '1,700';
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
# PostgreSQL does not run as root.
if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$folder"; setpriv --reuid=65534 --regid=65534 --clear-groups node try.mjs; else node try.mjs; fi
