#!/usr/bin/env bash
# With TypeORM, `findOne` with a relation and `skip_locked` finds nothing as long as anybody works on the first job, however
# many others are free.
#
# One would guess: `findOne` with the lock `pessimistic_write` and `onLocked: 'skip_locked'` is the way to give each worker a
# job of its own: it asks for one row, the database skips those of other workers, and null means that there is nothing to do. It
# works in a service that loads the job alone, and stays so when one adds the relation that the work needs, or when one writes
# it with a query builder and `getOne()`.
#
# What happens: with a relation and a limit TypeORM sends two queries. The first one looks for the id of the first row that
# matches, without the lock; the second one has the lock and SKIP LOCKED, for that id alone. If a worker has it, all others get
# null, and the free jobs behind it are not looked at: the fleet works as one worker does, and one slow job stops the queue.
# `getOne()` of a query builder does it in another way: it has no limit, so it locks every row that matches, and gives back the
# first one. There is no error in either case, and null looks as an empty queue does. With `limit(1)` of a query builder (not
# `take(1)`) there is one query, and each worker gets a job; it is right where the relation has one row per job.
#
# Versions: typeorm 0.3.31 over pg 8.23.1 on PostgreSQL 18 (embedded-postgres), Node 20.20. Needs node and npm.
# Source: `executeEntitiesAndRawResults` and `getOne` in SelectQueryBuilder.ts of typeorm. The lock was asked for, for queues,
# in typeorm/typeorm#2037.
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
npm install --silent --no-audit --no-fund typeorm@0.3.31 pg@8.23.1 reflect-metadata@0.2.2 embedded-postgres@18.1.0-beta.15 \
  >/dev/null || exit 2
# npm may be told to run no scripts of packages; this one links its libraries.
for native in node_modules/@embedded-postgres/*/; do
  (cd "$native" && node scripts/hydrate-symlinks.js >/dev/null 2>&1 || true)
done
cat > try.mjs <<'JS'
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import EmbeddedPostgres from 'embedded-postgres';
import { DataSource, EntitySchema } from 'typeorm';

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

const Customer = new EntitySchema({ name: 'Customer', tableName: 'customer', columns: { id: { type: Number, primary: true } } });
const Job = new EntitySchema({
  name: 'Job',
  tableName: 'job',
  columns: { id: { type: Number, primary: true }, state: { type: String } },
  relations: { customer: { type: 'many-to-one', target: 'Customer', joinColumn: true, nullable: false } },
});
const source = await new DataSource({
  type: 'postgres',
  url: `postgres://postgres:x@127.0.0.1:${port}/postgres`,
  entities: [Customer, Job],
  synchronize: true,
}).initialize();
await source.getRepository(Customer).save({ id: 1 });
for (const id of [1, 2, 3]) await source.getRepository(Job).save({ id, state: 'new', customer: { id: 1 } });

const lock = { mode: 'pessimistic_write', onLocked: 'skip_locked', tables: ['job'] };
const find = (jobs, relations) => jobs.findOne({ where: { state: 'new' }, order: { id: 'ASC' }, relations, lock });
const build = (jobs) =>
  jobs.createQueryBuilder('job').where("job.state = 'new'").orderBy('job.id').setLock(lock.mode, undefined, ['job']).setOnLocked(lock.onLocked);
const ways = {
  findOne: (jobs) => find(jobs),
  'findOne with a relation': (jobs) => find(jobs, { customer: true }),
  'take(1) with a relation': (jobs) => build(jobs).innerJoinAndSelect('job.customer', 'customer').take(1).getMany(),
  'getOne() without a relation': (jobs) => build(jobs).getOne(),
  'limit(1) with a relation': (jobs) => build(jobs).innerJoinAndSelect('job.customer', 'customer').limit(1).getMany(),
};
const idOf = (found) => (found === null ? undefined : [found].flat()[0]?.id);

/** The jobs that workers are given, each of whom begins while those before it are at work. */
async function jobsOf(workers, take) {
  if (workers === 0) return [];
  return source.transaction(async (manager) => {
    const id = idOf(await take(manager.getRepository(Job)));
    return [id ?? 'none', ...(await jobsOf(workers - 1, take))];
  });
}

console.log(`typeorm ${JSON.parse(readFileSync('node_modules/typeorm/package.json', 'utf8')).version}; three jobs, three workers`);
const given = {};
for (const [text, take] of Object.entries(ways)) {
  given[text] = (await jobsOf(3, take)).join(', ');
  console.log(`  ${text}: the workers are given ${given[text]}`);
}
await source.destroy();
await server.stop();
const [each, one] = ['1, 2, 3', '1, none, none'];
const isSo = Object.values(given).join('; ') === [each, one, one, one, each].join('; ');
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
# PostgreSQL does not run as root.
if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$folder"; setpriv --reuid=65534 --regid=65534 --clear-groups node try.mjs; else node try.mjs; fi
