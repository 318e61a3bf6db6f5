#!/usr/bin/env bash
# As the first process of a container, a Nest application goes on after its shutdown hooks have run, and no SIGTERM ends it any
# more.
#
# One would guess: `enableShutdownHooks()` calls the hooks at SIGTERM and then ends the process, whatever timers or connections are
# open. It does so on every machine of a developer. The old advice about the first process of a container (it must listen to
# SIGTERM, since it is not ended by default) is followed by that very call, so `CMD ["node", "dist/main"]` is right.
#
# What happens: when the hooks are done, Nest removes its listeners and sends the signal to itself. For any other process that is
# the end. The kernel does not deliver a signal without a listener to the first process of a pid namespace, be it its own: it
# returns, and the process lives on. If all handles are closed it ends by itself; one interval, one connection, one worker that is
# not closed in a hook is enough, and the application works on with providers that are destroyed: intervals run, jobs are taken and
# fail, locks are renewed. Another SIGTERM finds no listener and is lost as well. So it goes until the supervisor sends SIGKILL,
# after 10 or 30 seconds, at each deployment, and only there. What helps is `enableShutdownHooks([], { useProcessExit: true })`, or
# an init process (`docker run --init`).
#
# Versions: @nestjs/core 12.5.1, and 11.1.6, which has no such option. Runs on the node in PATH. Needs node 20.19 or later, npm, and
# unshare of util-linux that may make a pid namespace, on Linux.
# Source: `listenToShutdownSignals` in nest-application-context.ts of @nestjs/core (`process.kill(process.pid, signal)`); kill(2)
# and pid_namespaces(7) of Linux. The option came for loggers that write at the event `exit` (nestjs/nest#14432) and is described
# so; the page on lifecycle events does not speak of the first process.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm unshare; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
namespace="unshare --pid --fork --kill-child"
[ "$(id -u)" = 0 ] || namespace="unshare --user --map-root-user --pid --fork --kill-child"
$namespace true 2>/dev/null || { echo "needs to be allowed to make a pid namespace"; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/app.mjs" <<'JS'
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

let isDestroyed = false;
class Stock {
  onModuleDestroy() {
    isDestroyed = true;
  }
}
class App {}
Module({ providers: [Stock] })(App);
const app = await NestFactory.createApplicationContext(App, { logger: false });
if (process.argv[2] === 'exit') app.enableShutdownHooks([], { useProcessExit: true });
else app.enableShutdownHooks();
// An interval that nobody clears, and a way to end it all the same.
let runs = 0;
setInterval(() => {
  if (!isDestroyed) return;
  runs += 1;
  if (runs === 20) {
    console.log('20 runs after onModuleDestroy');
    process.exit(9);
  }
}, 100);
console.log('ready');
JS
cat > "$folder/try.mjs" <<'JS'
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as later } from 'node:timers/promises';

const namespace = process.argv[2].split(' ');
const { version } = createRequire(`${process.cwd()}/`)('@nestjs/core/package.json');
const childrenOf = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
/** How an application ends that is told to by two SIGTERM, half a second apart. */
async function ended(command, depth) {
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  const isReady = new Promise((resolve) => {
    child.stdout.on('data', (chunk) => {
      said += chunk;
      if (said.includes('ready')) resolve();
    });
  });
  const exited = once(child, 'close');
  await Promise.race([isReady, exited]);
  let pid = child.pid;
  for (let left = depth; left > 0; left -= 1) [pid] = childrenOf(pid);
  process.kill(pid, 'SIGTERM');
  await later(500);
  try { process.kill(pid, 'SIGTERM'); } catch { /* it has ended */ }
  await exited;
  return said.includes('20 runs') ? 'worked on: 20 runs of the interval after onModuleDestroy and two SIGTERM' : 'ended';
}
console.log(`@nestjs/core ${version}`);
const node = [process.execPath, 'app.mjs'];
const ways = [
  ['an ordinary process', 'ended', node, 0],
  ['the first process of a pid namespace', 'worked on', [...namespace, ...node], 1],
  ['the second process of one, below a shell', 'ended', [...namespace, 'sh', '-c', `"${process.execPath}" app.mjs; true`], 2],
];
if (!version.startsWith('11')) ways.push(['the first process, with useProcessExit', 'ended', [...namespace, ...node, 'exit'], 1]);
let isSo = true;
for (const [name, expected, command, depth] of ways) {
  const was = await ended(command, depth);
  console.log(`  ${name}: ${was}`);
  isSo &&= was.startsWith(expected);
}
process.exit(isSo ? 0 : 1);
JS
for nest in 12.5.1 11.1.6; do
  mkdir "$folder/$nest"
  cd "$folder/$nest"
  cp ../try.mjs ../app.mjs .
  npm init -y >/dev/null
  npm install --silent --no-audit --no-fund "@nestjs/common@$nest" "@nestjs/core@$nest" reflect-metadata@0.2.2 rxjs@7.8.2 >/dev/null || exit 2
  node try.mjs "$namespace" || { echo 'other than described'; exit 1; }
done
echo 'as described'
