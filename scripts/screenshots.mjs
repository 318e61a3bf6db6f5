// `npm run docs:screenshots`: makes the pictures in the documents, of a real lock board on three real
// masters, and of the page of the sample.
import 'reflect-metadata';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import puppeteer from 'puppeteer-core';
import { ensureBuilt } from './lib/build.mjs';
import { ensureChromium, findChromium } from './lib/chromium.mjs';
import { manifest, root } from './lib/paths.mjs';
import { prepare as prepareSample } from './lib/prepare.mjs';
import { Processes } from './lib/processes.mjs';
import { ensureRedisServer, findRedisServer } from './lib/redis-binary.mjs';
import { startRedisServer } from './lib/redis-servers.mjs';
import { Shop } from './lib/shop.mjs';

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
const browser = await puppeteer.launch({ executablePath: findChromium(), args: ['--no-sandbox'] });
ends.push(() => browser.close());
try {
  await showBoard();
  await showShop();
} finally {
  for (const end of ends) await end();
}

async function showBoard() {
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
  await takePicture('docs/board.png', `${await app.getUrl()}/locks`, async (page) => {
    await shows(page, 'warehouse:north');
  });
}

async function showShop() {
  await prepareSample();
  const shop = new Shop();
  ends.unshift(() => shop.stop());
  await shop.startBackends();
  const [{ url }] = await shop.startApps({ firstPort: 0 });
  await takePicture('sample/order-system/shop.png', url, async (page) => {
    await shows(page, '2 processes');
    for (const [name, result] of [
      ['Receive 10 in the north', 'Received'],
      ['Receive 10 in the north', 'Received'],
      ['Buy one packet', 'Bought'],
      ['Pay it twice at the same moment', 'payments made: 1'],
      ['Move 10 to the south', 'Moved'],
      ['Kill node 2', 'Killed'],
      ['Let 50 people buy at once', 'found it sold out'],
    ]) {
      await page.locator(`::-p-aria([name="${name}"][role="button"])`).click();
      await shows(page, result);
    }
    await shows(page, ': down');
    await page.evaluate('document.activeElement.blur()');
  });
}

/** Fills the board with the locks of a shop on a busy day. */
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

async function takePicture(file, url, prepare) {
  const page = await browser.newPage();
  await page.setViewport(SIZE);
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
  await page.goto(url);
  await prepare(page);
  await page.screenshot({ path: join(root, file), fullPage: file !== 'docs/board.png' });
  await page.close();
  console.log(`Written: ${file}`);
}

function shows(page, text) {
  return page.waitForFunction(`document.body.innerText.includes(${JSON.stringify(text)})`);
}
