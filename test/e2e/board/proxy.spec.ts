import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Browser, Page } from 'puppeteer-core';
import { RedlockBoardModule } from '../../../lib/board';
import { MemoryLockNode } from '../../../lib/memory/memory-lock-node';
import { RedlockModule } from '../../../lib/nest/redlock.module';
import { LockService } from '../../../lib/service/lock.service';
import { ensureBoardPage } from '../../helpers/board-page';
import { startBrowser } from '../../helpers/browser';
import { SubPathProxy } from '../../helpers/sub-path-proxy';
import { until } from '../../helpers/until';

describe('the lock board behind a proxy, in a browser', () => {
  let browser: Browser;
  let app: INestApplication;
  let locks: LockService;
  let page: Page;
  let proxy: SubPathProxy | undefined;
  let direct: string;

  beforeAll(async () => {
    ensureBoardPage();
    browser = await startBrowser();
    app = await NestFactory.create(
      {
        module: class App {},
        imports: [
          RedlockModule.forRoot({ nodes: [new MemoryLockNode()] }),
          RedlockBoardModule.forRoot({ allowUnauthenticated: true, allowRelease: true, interval: 250 }),
        ],
      },
      { logger: false },
    );
    app.setGlobalPrefix('api');
    await app.listen(0, '127.0.0.1');
    locks = app.get(LockService);
    direct = `http://127.0.0.1:${((app.getHttpServer() as Server).address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    await browser.close();
    await app.close();
  });

  beforeEach(async () => {
    page = await browser.newPage();
  });

  afterEach(async () => {
    await page.close();
    await proxy?.stop();
  });

  const shows = (text: string) =>
    page.waitForFunction(`document.body.innerText.includes(${JSON.stringify(text)})`, { timeout: 15_000 });
  const click = (name: string) => page.locator(`::-p-aria([name="${name}"][role="button"])`).click();

  it.each(['/ops', '/a/b/c', ''])('below %p shows what changes, and releases', async (below) => {
    proxy = await SubPathProxy.start(direct, below);
    await page.goto(`${proxy.url}/api/locks`);
    await shows('live,');

    const lock = await locks.acquire('order:7', { label: 'import 17', autoExtend: false, ttl: 60_000 });
    await shows('import 17');
    await click('order:7');
    await (await page.waitForSelector('.release button'))?.click();
    await click('Yes, release it');
    // The page may still show the one of the page before.
    await shows('force-released');
    await until('it is free', async () => !(await locks.isLocked('order:7')));

    expect(proxy.passed).toBeGreaterThan(3);
    await lock.release();
  });

  it('which passes on the page alone, says which address did not answer', async () => {
    proxy = await SubPathProxy.start(direct, '/ops', (path) => path === '/ops/api/locks');

    await page.goto(`${proxy.url}/api/locks`);

    await shows(`${proxy.url}/api/locks/state answers 404`);
  });

  it('which knows another prefix, is not there: the page is a 404 and no half of it', async () => {
    proxy = await SubPathProxy.start(direct, '/ops');

    expect((await page.goto(`${proxy.url}/locks`))?.status()).toBe(404);
    expect((await page.goto(proxy.url.replace('/ops', '/api/locks')))?.status()).toBe(404);
  });
});
