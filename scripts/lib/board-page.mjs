import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { root } from './paths.mjs';

/** The sources of the page that the lock board shows. */
export const PAGE_SOURCES = join(root, 'board');

const TARGET = join(root, 'dist', 'board', 'page.json');

/**
 * Bundles the page of the lock board, with the libraries that it needs, into one file of the package: script
 * and style, and the hashes for its content security policy. `{ ok, problem }`
 *
 * @param modules the folder with the bundler and the libraries
 */
export async function buildBoardPage(target = TARGET, modules = join(root, 'node_modules')) {
  try {
    const { build, transform } = createRequire(join(modules, 'of-the-page.js'))('esbuild');
    const bundled = await build({
      nodePaths: [modules],
      entryPoints: [join(PAGE_SOURCES, 'main.js')],
      ...{ bundle: true, minify: true, write: false, format: 'esm', target: 'es2022', legalComments: 'none' },
    });
    const script = bundled.outputFiles[0].text.trim();
    const css = readFileSync(join(PAGE_SOURCES, 'style.css'), 'utf8');
    const style = (await transform(css, { loader: 'css', minify: true })).code.trim();
    mkdirSync(dirname(target), { recursive: true });
    const page = { script, style, scriptHash: hashOf(script), styleHash: hashOf(style) };
    // The file is replaced in one step, since another process may be reading it.
    const fresh = `${target}.${process.pid}`;
    writeFileSync(fresh, JSON.stringify(page));
    renameSync(fresh, target);
    return { ok: true };
  } catch (error) {
    return { ok: false, problem: `failed at the page of the board: ${error.message}` };
  }
}

function hashOf(text) {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
