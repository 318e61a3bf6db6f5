#!/usr/bin/env bash
# A BLPOP that ioredis has given up, by `blockingTimeout` or `commandTimeout`, takes the next job and throws it away.
#
# One would guess: a worker that waits with `blpop('jobs', 0)` on a client with `blockingTimeout: 5000` is told null after five idle
# seconds, as with `blpop('jobs', 5)`: there was no job, it asks again. The description calls the option a protection of the
# client. With `commandTimeout` there is an error instead. In neither case is there a job that anybody could lose: the list was
# empty the whole time.
#
# What happens: the server is not told, and waits on for that client. When a job comes it is given to the command that nobody waits
# for any more: taken out of the list, sent, and dropped by the client. The worker has asked again meanwhile, on the same
# connection, where its new BLPOP stands behind the old one. So each time that it was told "no job" costs one job later: the more
# idle a queue is, the more of the next jobs are lost, with no error, and with several workers it looks as if some jobs had never
# been added. What helps is a limit that the server knows (`blpop('jobs', 5)`) below both options (the first one adds it to that
# limit by itself), BLMOVE and a list of jobs that are under way, or a client without these options for what blocks. node-redis with
# `socketTimeout` ends the connection, and Valkey GLIDE does not count the time of such a command: nothing is lost with them.
#
# Versions: ioredis 6.0.0, node-redis 6.3.1 (the package redis) and @valkey/valkey-glide 2.5.2 for comparison, redis-server 7.0.15 (any in
# PATH), Node 20.20. Needs redis-server, node and npm.
# Source: `setBlockingTimeout` and `setTimeout` in lib/Command.ts of ioredis; redis/ioredis#1630 asks for a `commandTimeout` that leaves
# out commands that block, and does not speak of what becomes of the jobs. The descriptions of both options do not either.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm redis-server; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; fi; rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ioredis@6.0.0 redis@6.3.1 @valkey/valkey-glide@2.5.2 >/dev/null || exit 2
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
redis-server --port "$port" --bind 127.0.0.1 --dir "$folder" --save '' >/dev/null &
server=$!
cat > try.cjs <<'JS'
const { readFileSync } = require('node:fs');
const { setTimeout: later } = require('node:timers/promises');
const { GlideClient, Logger } = require('@valkey/valkey-glide');
const { Redis } = require('ioredis');
const { createClient } = require('redis');

const port = Number(process.argv[2]);
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
Logger.setLoggerConfig('off');
const admin = new Redis(port);

/** How each client waits for a job, and what ends it. Each has a limit of half a second. */
const ioredis = (options, seconds) => {
  const client = new Redis(port, options);
  return [async () => (await client.blpop('jobs', seconds))?.[1], () => client.disconnect()];
};
const ways = {
  'ioredis, blockingTimeout: 500, blpop("jobs", 0)': () => ioredis({ blockingTimeout: 500 }, 0),
  'ioredis, commandTimeout: 500, blpop("jobs", 0)': () => ioredis({ commandTimeout: 500 }, 0),
  'ioredis, no limit of the client, blpop("jobs", 0.5)': () => ioredis({}, 0.5),
  'ioredis, blockingTimeout: 500, blpop("jobs", 0.5)': () => ioredis({ blockingTimeout: 500 }, 0.5),
  'redis, socketTimeout: 500, blPop("jobs", 0)': async () => {
    const options = { url: `redis://127.0.0.1:${port}`, socket: { socketTimeout: 500, reconnectStrategy: 10 } };
    const client = await createClient(options).on('error', () => undefined).connect();
    return [async () => (await client.blPop('jobs', 0))?.element, () => client.destroy()];
  },
  '@valkey/valkey-glide, requestTimeout: 500, blpop(["jobs"], 0.5)': async () => {
    const client = await GlideClient.createClient({ addresses: [{ host: '127.0.0.1', port }], requestTimeout: 500 });
    return [async () => (await client.blpop(['jobs'], 0.5))?.[1], () => client.close()];
  },
};

/** A worker that is idle until it has been told three times that there is nothing; then five jobs come. */
async function work(open) {
  await admin.del('jobs');
  const [next, end] = await open();
  const jobs = [];
  let idle = 0;
  let isOver = false;
  const working = (async () => {
    while (!isOver) {
      // An answer without a job, or an error: the worker asks again.
      const job = await next().catch(() => null);
      if (job) jobs.push(String(job));
      else {
        idle += 1;
        await later(20);
      }
    }
  })();
  while (idle < 3) await later(10);
  for (let job = 1; job <= 5; job += 1) await admin.rpush('jobs', `job ${job}`);
  await later(3000);
  const left = await admin.llen('jobs');
  isOver = true;
  end();
  await Promise.race([working, later(1000)]);
  return { jobs, left };
}

async function main() {
  let isSo = true;
  for (const [text, open] of Object.entries(ways)) {
    const { jobs, left } = await work(open);
    const lost = 5 - jobs.length - left;
    const name = text.split(',')[0];
    console.log(`  ${text.replace(name, `${name} ${version(name)}`)}: of five jobs the worker is given ${jobs.length} (${jobs.join(', ')}), ${left} are left, ${lost} are lost`);
    isSo &&= /^ioredis, \w+Timeout: 500, blpop\("jobs", 0\)/.test(text) ? lost >= 3 : lost === 0 && jobs.length === 5;
  }
  console.log(isSo ? 'as described' : 'other than described');
  process.exit(isSo ? 0 : 1);
}
main();
JS
node try.cjs "$port"
