import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const BUILT = join(ROOT, 'dist', 'board', 'page.json');
const SOURCES = join(ROOT, 'board');

/** Bundles the page of the lock board, as a build does, where a source of it is newer. */
export function ensureBoardPage(): void {
  const newest = Math.max(...readdirSync(SOURCES).map((name) => statSync(join(SOURCES, name)).mtimeMs));
  if (existsSync(BUILT) && statSync(BUILT).mtimeMs > newest) return;
  execFileSync(process.execPath, [join(ROOT, 'scripts', 'build-page.mjs')], { stdio: 'inherit' });
}
