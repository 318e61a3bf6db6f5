import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import puppeteer, { type Browser } from 'puppeteer-core';

const SCRIPT = join(__dirname, '..', '..', 'scripts', 'lib', 'chromium.mjs');

/** A browser without a window: that of the machine, or the one that the tests have fetched. */
export function startBrowser(): Promise<Browser> {
  const executablePath = execFileSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { findChromium } from ${JSON.stringify(SCRIPT)}; process.stdout.write(findChromium() ?? '')`,
    ],
    { encoding: 'utf8' },
  );
  if (executablePath === '') throw new Error('there is no Chromium here: npm test fetches one where it can');
  // As root a browser has no sandbox of its own; it shows pages of this machine only.
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--disable-background-networking',
  ];
  return puppeteer.launch({ executablePath, args, headless: true });
}
