// Measures how long the frames of the lock board take in a browser while it shows 5,000 locks, some of which
// always change:
//   node scripts/board-frames.mjs
import 'reflect-metadata';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import puppeteer from 'puppeteer-core';
import { ensureBuilt } from './lib/build.mjs';
import { ensureChromium, findChromium } from './lib/chromium.mjs';
import { manifest } from './lib/paths.mjs';
import { table } from './lib/table.mjs';

const LOCKS = 5_000;
/** The locks that change in each look, so in each message to the page. */
const CHANGED = 500;
const SECONDS = 10;

for (const prepare of [ensureChromium, ensureBuilt]) {
  const { ok, problem } = await prepare();
  if (!ok) throw new Error(problem);
}
const require = createRequire(import.meta.url);
const { LockService, MemoryLockNode, RedlockModule } = require(manifest.name);
const { RedlockBoardModule } = require(`${manifest.name}/board`);

class App {}
const imports = [
  RedlockModule.forRoot({ nodes: [new MemoryLockNode()], maxTtl: 600_000, shutdownTimeout: 0 }),
  RedlockBoardModule.forRoot({ allowUnauthenticated: true }),
];
const app = await NestFactory.create({ module: App, imports }, { logger: false });
const browser = await puppeteer.launch({ executablePath: findChromium(), args: ['--no-sandbox'] });
/** Types into the filter, a letter every half second. */
const TYPE = `if (Math.floor(last / 500) !== Math.floor(frames.typed ?? 0)) {
        frames.typed = last / 500;
        const input = document.querySelector('input[type=search]');
        input.value = ['', 'o', 'or', 'ord', '4'][Math.floor(last / 500) % 5];
        input.dispatchEvent(new Event('input', { bubbles: true }));
      }`;
let isOver = false;
try {
  await app.listen(0, '127.0.0.1');
  const locks = app.get(LockService);
  const held = await Promise.all(Array.from({ length: LOCKS }, (_, at) => take(locks, at)));
  const page = await browser.newPage();
  await page.setViewport({ width: 1_100, height: 900 });
  await page.goto(`${await app.getUrl()}/locks`);
  await page.waitForFunction(`document.body.innerText.includes('${LOCKS} locks')`, { timeout: 60_000 });
  const changing = change(locks, held);
  const still = await measure(page, '');
  const scrolled = await measure(page, `document.querySelector('.scroller').scrollBy(0, 90)`);
  const filtered = await measure(page, TYPE);
  isOver = true;
  await changing;
  console.log(`${LOCKS} locks, ${CHANGED} of them change in each second; milliseconds:\n`);
  console.log(
    table([
      ['', 'frames', 'p50', 'p95', 'longest', 'tasks above 50'],
      row('looked at', still),
      row('scrolled', scrolled),
      row('filtered', filtered),
    ]),
  );
} finally {
  isOver = true;
  await browser.close();
  await app.close();
}

function take(locks, at) {
  return locks.acquire(`order:${at}`, { ttl: 600_000, autoExtend: false, label: `job ${at % 7}` });
}

/** Gives locks other holders, one part of them after another. */
async function change(locks, held) {
  for (let from = 0; !isOver; from = (from + CHANGED) % LOCKS) {
    for (let at = from; at < from + CHANGED; at += 1) {
      await held[at].release();
      held[at] = await take(locks, at);
    }
    await sleep(1_000);
  }
}

/** Runs a deed in each frame, and measures how long the frames take. */
function measure(page, deed) {
  return page.evaluate(`new Promise((resolve) => {
    const frames = [];
    let long = 0;
    new PerformanceObserver((list) => (long += list.getEntries().length)).observe({ type: 'longtask' });
    const begin = performance.now();
    let last = begin;
    requestAnimationFrame(function next(at) {
      frames.push(performance.now() - last);
      last = performance.now();
      if (last - begin > ${SECONDS * 1_000}) return resolve({ frames, long });
      ${deed};
      requestAnimationFrame(next);
    });
  })`);
}

function row(name, { frames, long }) {
  const sorted = [...frames].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(1);
  return [name, frames.length, at(0.5), at(0.95), at(1), long];
}
