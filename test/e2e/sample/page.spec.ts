import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'puppeteer-core';
import { fetchWhole } from '../../helpers/fetch-whole';
import { startBrowser } from '../../helpers/browser';
import { Command } from '../sample-shop';

describe('the page of the sample in a browser', () => {
  let browser: Browser;
  let shop: Command;
  let url: string;
  let page: Page;
  let errors: string[] = [];
  let asked: string[] = [];

  beforeAll(async () => {
    browser = await startBrowser();
    shop = new Command('start.mjs', { PORT: '0' });
    await shop.printed('Ctrl-C');
    [, url = ''] = /app 1 +(http:\S+)/.exec(shop.output) ?? [];
  });

  afterAll(async () => {
    await browser.close();
    await shop.dispose();
  });

  beforeEach(async () => {
    page = await browser.newPage();
    errors = [];
    asked = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('request', (request) => asked.push(new URL(request.url()).origin));
    await page.goto(url);
    await shows('2 processes share the locks');
  });

  afterEach(async () => {
    expect(errors).toEqual([]);
    // A page without a network: the shop alone, and its own icon.
    const apps = [...shop.output.matchAll(/app \d +(http:\S+)/g)].map(([, app]) => app);
    expect(asked.filter((origin) => origin !== 'null' && !apps.includes(origin))).toEqual([]);
    await page.close();
  });

  const until = (condition: string) => page.waitForFunction(condition, { timeout: 20_000 });
  const shows = (text: string) => until(`document.body.innerText.includes(${JSON.stringify(text)})`);
  const matches = (pattern: RegExp) => until(`${String(pattern)}.test(document.body.innerText)`);
  const click = (name: string, role = 'button') =>
    page.locator(`::-p-aria([name="${name}"][role="${role}"])`).click();
  const textOf = async (id: string) =>
    String(await page.evaluate(`document.getElementById('${id}').textContent`));

  it('sells one packet, and lets it be paid once by two requests at once at two processes', async () => {
    await shows('are in PostgreSQL');
    const before = Number(await textOf('stock'));
    await click('Buy one packet');
    await matches(/Bought a packet at process 1 in \d+ ms/);
    await until(`document.getElementById('stock').textContent === '${before - 1}'`);

    await click('Pay it twice at the same moment');

    await shows('process 1 answered 200, process 2 answered 200; payments made: 1.');
    expect(await textOf('order')).toMatch(/, paid$/);
  });

  it('sells to a crowd what there is, and no more', async () => {
    await until(`/^\\d+$/.test(document.getElementById('stock').textContent)`);

    for (let rush = 1; rush <= 3; rush += 1) {
      await click('Let 50 people buy at once');
      await until(`document.querySelectorAll('#log p').length === ${2 * rush}`);
    }
    await shows('found it sold out.');

    const sold = [...(await textOf('log')).matchAll(/Of 50 people, (\d+) bought/g)].map(([, count]) =>
      Number(count),
    );
    expect(sold).toHaveLength(3);
    expect(await page.$$('#log .bad')).toEqual([]);
    await until(`document.getElementById('stock').textContent === '0'`);
  });

  it('moves goods in both directions at once, and loses none', async () => {
    await click('Receive 10 in the north');
    await shows('Received 10 packets in the north');
    await click('Move 10 to the south');
    await shows('Moved 10 packets to the south');
    await until(`document.getElementById('south').textContent !== '?'`);
    const total = Number(await textOf('north')) + Number(await textOf('south'));

    await click('Move 20 times at once, in both directions');

    await shows('20 moves at once: 20 done.');
    await until(
      `Number(document.getElementById('north').textContent) + Number(document.getElementById('south').textContent) === ${total}`,
    );
  });

  it('leads to the lock board', async () => {
    const target = browser.waitForTarget((one) => one.url() === `${url}/locks`);
    await click('Lock board (opens a new tab)', 'link');

    const board = await (await target).page();
    await board?.waitForFunction(`document.body.innerText.includes('Lock')`);
    await board?.close();
  });

  it('is used by keyboard, and keeps the focus where it is', async () => {
    await page.focus('[data-do=receive]');
    await page.keyboard.press('Enter');
    await shows('Received 10 packets');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.dataset.do')).toBe('move');
    await until(`document.querySelector('#nodes button') !== null`);
    await page.focus('#nodes button');
    const looks = asked.length;
    await page.waitForRequest(
      (request) => request.url().endsWith('/locks/state') && asked.length > looks + 5,
    );

    expect(await page.evaluate('document.activeElement.dataset.node')).toBe('1');
  });

  it.each(['light', 'dark'])('has nothing that axe finds, in %s', async (scheme) => {
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await click('Move 10 to the south');
    await until(
      `document.querySelector('#log p') !== null && document.querySelector('#nodes button') !== null`,
    );
    await page.evaluate(readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));

    const found = (await page.evaluate(
      'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`))',
    )) as string[];

    expect(found).toEqual([]);
  });

  it('fits into a narrow screen', async () => {
    await page.setViewport({ width: 360, height: 700 });
    await until(`document.querySelector('#nodes button') !== null`);

    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
  });

  it('kills nothing for the page of another site', async () => {
    const ask = (headers: Record<string, string>) =>
      fetchWhole(`${url}/trouble/nodes/3/kill`, { method: 'POST', headers });
    const preflight = await fetchWhole(`${url}/trouble/nodes/3/kill`, {
      method: 'OPTIONS',
      headers: {
        origin: 'http://elsewhere.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-shop-page',
      },
    });

    expect((await ask({})).status).toBe(403);
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('sells on while one lock node is dead, says so when two are, and shows them guarded when they are back', async () => {
    await click('Receive 10 in the north');
    await click('Kill node 3');
    await shows('Killed lock node 3.');
    await matches(/Lock node 3, [\d.:]+: down/);
    await shows('0 more of 3 may fail; a lock needs 2.');
    await click('Buy one packet');
    await shows('Bought a packet');

    await click('Kill node 2');
    await shows('No lock can be had');
    await click('Buy one packet');
    await shows('Not bought: Locks are not available at the moment.');

    for (const number of [2, 3]) {
      await click(`Start node ${number} again`);
      await shows(`Started lock node ${number} again`);
    }
    await matches(/Lock node 3, [\d.:]+: guarded for \d+ s/);
  });
});
