// `npm run docs:screenshots`: the picture of the lock board in the documents, from a real board on three real masters.
import 'reflect-metadata';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import puppeteer from 'puppeteer-core';
import { ensureBuilt } from './lib/build.mjs';
import { ensureChromium, findChromium } from './lib/chromium.mjs';
import { manifest, root } from './lib/paths.mjs';
import { Processes } from './lib/processes.mjs';
import { ensureRedisServer, findRedisServer } from './lib/redis-binary.mjs';
import { startRedisServer } from './lib/redis-servers.mjs';

const PICTURES = { 'board.png': 'light' };
const SIZE = { width: 1_100, height: 900 };

for (const prepare of [ensureRedisServer, ensureChromium, ensureBuilt]) {
  const { ok, problem } = await prepare();
  if (!ok) throw new Error(problem);
}

const require = createRequire(import.meta.url);
const { RedlockModule, createLockService } = require(manifest.name);
const { RedlockBoardModule } = require(`${manifest.name}/board`);
const processes = new Processes();
const ends = [() => processes.stop()];
try {
  const nodes = [];
  for (const name of ['1', '2', '3']) {
    nodes.push(await startRedisServer(processes, { program: findRedisServer(), name: `lock node ${name}` }));
  }
  const board = RedlockBoardModule.forRoot({
    allowUnauthenticated: true,
    title: 'Locks of the order system',
  });
  class App {}
  const imports = [RedlockModule.forRoot({ nodes }), board];
  const app = await NestFactory.create({ module: App, imports }, { logger: false });
  ends.unshift(() => app.close());
  await app.listen(0, '127.0.0.1');
  const locks = app.get(require(manifest.name).LockService);
  const others = createLockService({ nodes });
  ends.unshift(() => others.close());
  await Promise.all([locks.ready(), others.ready()]);
  await fill(locks, others);
  await takePictures(`${await app.getUrl()}/locks`);
} finally {
  for (const end of ends) await end();
}

/** What a shop has on a busy day. */
async function fill(locks, others) {
  for (let id = 1_001; id <= 1_006; id += 1) await locks.acquire(`order:${id}`, { label: 'pay' });
  await others.acquire('report:2026-11', { label: 'monthly report' });
  await others.acquire(['warehouse:north', 'warehouse:south'], { label: 'move goods' });
  await others.acquire('sku:tea', { label: 'stock count' });
  for (let waiter = 0; waiter < 12; waiter += 1) {
    await locks.tryAcquire(waiter % 3 === 0 ? 'sku:tea' : 'report:2026-11');
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  locks.acquire('sku:tea', { wait: 60_000 }).catch(() => undefined);
}

async function takePictures(url) {
  const browser = await puppeteer.launch({ executablePath: findChromium(), args: ['--no-sandbox'] });
  try {
    for (const [file, scheme] of Object.entries(PICTURES)) {
      const page = await browser.newPage();
      await page.setViewport(SIZE);
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      await page.goto(url);
      await page.waitForFunction(`document.body.innerText.includes('warehouse:north')`);
      await page.screenshot({ path: join(root, 'docs', file) });
      console.log(`Written: docs/${file}`);
    }
  } finally {
    await browser.close();
  }
}
