#!/usr/bin/env bash
# Before Nest 12, one shutdown hook that fails keeps Nest from calling those of others; since then, nobody is told of it.
#
# One would guess: `app.close()` calls `onModuleDestroy`, `beforeApplicationShutdown` and `onApplicationShutdown` of every
# provider that has them, and rejects in the end if one of them failed, as the disposal of resources does everywhere else;
# so whoever closes a pool in such a hook can rely on it.
#
# What happens: with Nest 10 and 11 the first failure ends the shutdown. `close()` rejects, and the hooks of modules whose
# turn comes later are not called, nor later kinds of hooks of anybody: connections and timers of modules that have nothing
# to do with the failure stay open, and the process does not end by itself. Whose turn comes later differs too: Nest 10
# begins with the modules that others import, Nest 11 and 12 with those that import them, so after an update from 10 to 11
# the same failure leaves the pool below open. Nest 12 calls all of them; but there `close()` resolves as if nothing had
# failed, and the error is in the log alone.
#
# Versions: @nestjs/core 10.4.9, 11.2.10 and 12.5.1. Needs node and npm.
# Source: `close` and `callDestroyHook` in nest-application-context.ts of @nestjs/core, in each of the three.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/try.mjs" <<'JS'
import 'reflect-metadata';
import { createRequire } from 'node:module';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

const require = createRequire(`${process.cwd()}/`);
const called = [];
class Pool {
  onModuleDestroy() {
    called.push('onModuleDestroy of the pool');
  }
  onApplicationShutdown() {
    called.push('onApplicationShutdown of the pool');
  }
}
class PoolModule {}
Module({ providers: [Pool] })(PoolModule);
class Failing {
  onModuleDestroy() {
    called.push('the hook that fails');
    throw new Error('cannot flush');
  }
}
class FailingModule {}
Module({ imports: [PoolModule], providers: [Failing] })(FailingModule);
class App {}
Module({ imports: [FailingModule] })(App);

const app = await NestFactory.createApplicationContext(App, { logger: false });
const ending = await app.close().then(
  () => 'resolves',
  (error) => `rejects (${error.message})`,
);
const { version } = require('@nestjs/core/package.json');
console.log(`@nestjs/core ${version}: close() ${ending} after: ${called.join(', ')}`);
const major = Number.parseInt(version, 10);
const hooks = { 10: 'onModuleDestroy of the pool, the hook that fails', 11: 'the hook that fails' };
const isSo =
  major === 12 ? called.length === 3 && ending === 'resolves' : called.join(', ') === hooks[major] && ending !== 'resolves';
process.exit(isSo ? 0 : 1);
JS
for nest in 10.4.9 11.2.10 12.5.1; do
  mkdir "$folder/$nest"
  cd "$folder/$nest"
  cp ../try.mjs .
  npm install --silent --no-audit --no-fund "@nestjs/common@$nest" "@nestjs/core@$nest" reflect-metadata@0.2.2 rxjs@7.8.2 >/dev/null
  node try.mjs
done
