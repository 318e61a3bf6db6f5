#!/usr/bin/env bash
# `emitAsync` of @nestjs/event-emitter waits for every listener, but not for those that are declared with `async: true`.
#
# One would guess: `await emitter.emitAsync(event)` is over when all listeners are, with what they returned. A listener that
# is declared `@OnEvent('order.paid', { async: true })`, the form of the documentation for listeners that are asynchronous,
# is the very kind that it is for. At least the scope of a provider plays no part.
#
# What happens: such a listener of an ordinary provider has not even begun when `emitAsync` resolves, and the value in its place
# is an `Immediate`, the handle of a timer of Node. A listener without the option is waited for, and so is one with it if its
# provider has the scope REQUEST. The option is one of eventemitter2: it calls such a listener later, and lets `emitAsync` wait
# for it only if the listener is an AsyncFunction. Nest wraps the methods of ordinary providers in a plain arrow function, and
# those of request-scoped providers in an async one. So what is to be done before a commit, or under a lock that is held around
# `emitAsync`, runs after the commit and without the lock. `promisify: true` beside it helps, or no option at all.
#
# Versions: @nestjs/event-emitter 12.0.1 with @nestjs/core 12.5.1, and 3.0.1 with 11.1.6. Needs node 20.19 or later, and npm.
# Source: `subscribeToEventIfListener` and `registerRequestScopedListener` in event-subscribers.loader.ts of
# @nestjs/event-emitter (nestjs/event-emitter#873), and `setupListener` in lib/eventemitter2.js.
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
import { readFileSync } from 'node:fs';
import { setTimeout as later } from 'node:timers/promises';
import { createRequire } from 'node:module';

const require = createRequire(`${process.cwd()}/`);
const { Injectable, Module, Scope } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { EventEmitter2, EventEmitterModule, OnEvent } = require('@nestjs/event-emitter');
const { version } = JSON.parse(readFileSync('node_modules/@nestjs/event-emitter/package.json', 'utf8'));

let done = [];

/** A provider with one listener, which takes a moment. */
function listener(event, options, scope) {
  class Listener {
    async handle() {
      await later(20);
      done.push(event);
      return 'its result';
    }
  }
  Injectable({ scope })(Listener);
  OnEvent(event, options)(Listener.prototype, 'handle', Object.getOwnPropertyDescriptor(Listener.prototype, 'handle'));
  return Listener;
}

class AppModule {}
Module({
  imports: [EventEmitterModule.forRoot()],
  providers: [
    listener('no option', undefined),
    listener('async: true', { async: true }),
    listener('async: true, request-scoped', { async: true }, Scope.REQUEST),
    listener('async: true, promisify: true', { async: true, promisify: true }),
  ],
})(AppModule);

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
const emitter = app.get(EventEmitter2);
const waitedFor = {};
console.log(`@nestjs/event-emitter ${version}`);
for (const event of ['no option', 'async: true', 'async: true, request-scoped', 'async: true, promisify: true']) {
  const [result] = await emitter.emitAsync(event, {});
  waitedFor[event] = done.includes(event);
  const kind = typeof result === 'object' ? `an ${result.constructor.name}` : JSON.stringify(result);
  console.log(`  ${event}: emitAsync gives ${kind}, and the listener is ${waitedFor[event] ? 'done' : 'not done'}`);
}
while (done.length < 4) await later(5);
await app.close();
const { 'async: true': withOption, ...others } = waitedFor;
const isSo = !withOption && Object.values(others).every(Boolean);
console.log(isSo ? '  as described' : '  other than described');
process.exit(isSo ? 0 : 1);
JS
while read -r nest emitter; do
  mkdir "$folder/$nest"
  cd "$folder/$nest"
  cp ../try.mjs .
  npm init -y >/dev/null
  npm install --silent --no-audit --no-fund "@nestjs/common@$nest" "@nestjs/core@$nest" "@nestjs/event-emitter@$emitter" \
    reflect-metadata@0.2.2 rxjs@7.8.2 >/dev/null || exit 2
  node try.mjs
done <<'VERSIONS'
12.5.1 12.0.1
11.1.6 3.0.1
VERSIONS
