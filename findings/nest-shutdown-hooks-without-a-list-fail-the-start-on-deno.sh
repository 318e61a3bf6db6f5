#!/usr/bin/env bash
# On Deno, enableShutdownHooks() of Nest without a list ends the start of the application, before it listens.
#
# One would guess: it is the first line of most main.ts files, it only adds listeners, and Deno has `process.on` for signals. On
# Node and Bun one may listen to every signal but SIGKILL and SIGSTOP.
#
# What happens: without a list, Nest listens to all eleven members of its ShutdownSignal, and SIGILL, SIGFPE and SIGSEGV are
# among them. Deno refuses to listen to these with a TypeError that names SIGILL. So an application that runs on Deno without the
# call does not start with it, and the shutdown hooks that are there for SIGTERM are what ends it. With a list of signals that
# Deno takes, it starts, and the hooks run at a SIGTERM.
#
# Versions: deno 2.9.6 (from npm), @nestjs/core 12.5.1, and Node 20.20 for comparison. Needs node and npm.
# Source: enableShutdownHooks and listenToShutdownSignals in packages/core/nest-application-context.ts of nestjs/nest; the
# checks of signals in ext/os of denoland/deno, which follow those of the crate signal-hook.
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
npm install --silent --no-audit --no-fund deno@2.9.6 @nestjs/core@12.5.1 @nestjs/common@12.5.1 reflect-metadata@0.2.2 rxjs@7.8.2 >/dev/null || exit 2
export DENO_DIR="$folder/cache" DENO_NO_UPDATE_CHECK=1
deno=(node_modules/.bin/deno run --allow-all --no-lock --node-modules-dir=manual)
"${deno[@]}" - <<<'' >/dev/null || exit 2
cat > app.mjs <<'JS'
import 'reflect-metadata';
import process from 'node:process';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

const signals = process.argv[2]?.split(',');
class AppModule {
  onApplicationShutdown(signal) {
    console.log(`hooks ran at ${signal}`);
    process.exit(0);
  }
}
Module({})(AppModule);
const app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
try {
  signals === undefined ? app.enableShutdownHooks() : app.enableShutdownHooks(signals);
} catch (error) {
  console.log(`${error.name}: ${error.message}`);
  process.exit(0);
}
process.kill(process.pid, 'SIGTERM');
setTimeout(() => process.exit(1), 10_000);
JS
node_modules/.bin/deno --version | head -1
node_on=$(node app.mjs)
deno_on=$("${deno[@]}" app.mjs)
deno_listed=$("${deno[@]}" app.mjs SIGINT,SIGTERM)
echo "  Node, no list: $node_on"
echo "  Deno, no list: $deno_on"
echo "  Deno, SIGINT and SIGTERM: $deno_listed"
if [[ $node_on == 'hooks ran at SIGTERM' && $deno_on == TypeError*SIGILL* && $deno_listed == 'hooks ran at SIGTERM' ]]; then
  echo 'as described'
else
  echo 'other than described'
  exit 1
fi
