import type { Browser } from 'puppeteer-core';
import { createLockService } from '../../../lib/service/create-lock-service';
import { startBrowser } from '../../helpers/browser';
import { Cli } from '../../helpers/cli';
import { startRedisServers } from '../../helpers/redis-server';

describe('the lock board of a terminal, in a browser', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await startBrowser();
  });

  afterAll(() => browser.close());

  it('shows a lock of another process, and releases it after a second question', async () => {
    const cli = new Cli();
    const servers = await startRedisServers(3);
    const nodes = servers.map(({ url }) => url);
    const locks = createLockService({ nodes });
    try {
      const board = cli.start(['board', '--nodes', nodes.join(','), '--allow-release', '--interval', '250']);
      const url = await board.line('the address', (line) => line.startsWith('http://'));
      const lock = await locks.acquire('order:7', { label: 'import 17', autoExtend: false, ttl: 60_000 });
      const page = await browser.newPage();
      const errors: unknown[] = [];
      page.on('pageerror', (error) => errors.push(error));
      const shows = (text: string) =>
        page.waitForFunction(`document.body.innerText.includes(${JSON.stringify(text)})`, {
          timeout: 15_000,
        });
      const click = (name: string) => page.locator(`::-p-aria([name="${name}"][role="button"])`).click();

      await page.goto(url);
      await shows('import 17');
      await shows('3/3');
      await click('order:7');
      await (await page.waitForSelector('.release button'))?.click();
      await click('Yes, release it');
      await shows('force-released');

      expect(await locks.isLocked('order:7')).toBe(false);
      expect(errors).toEqual([]);
      await lock.release();
    } finally {
      cli.dispose();
      await locks.close();
      await Promise.all(servers.map((server) => server.stop()));
    }
  });
});
