import { transformFileSync } from '@swc/core';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { cache, root } from './paths.mjs';

/**
 * Compiles folders of sources for the lifetime of this process, without a check of types, and loads one of
 * the files as CommonJS. So tests that are programs of their own need no build.
 */
export function compileAndLoad(name, folders, file) {
  const output = join(cache, `${name}-${process.pid}`);
  process.on('exit', () => rmSync(output, { recursive: true, force: true }));
  compileTo(output, folders);
  return createRequire(import.meta.url)(join(output, file));
}

/** Compiles folders of sources, without a check of types, to CommonJS that `node` can run. */
export function compileTo(output, folders) {
  for (const folder of folders) compile(folder, output);
  // The fields that the tests read.
  const {
    name: packageName,
    version,
    exports,
  } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  writeFileSync(
    join(output, 'package.json'),
    JSON.stringify({ name: packageName, version, type: 'commonjs', exports }),
  );
}

function compile(folder, output) {
  for (const name of readdirSync(join(root, folder), { recursive: true })) {
    if (!name.endsWith('.ts') || name.endsWith('.spec.ts')) continue;
    const { code } = transformFileSync(join(root, folder, name), {
      swcrc: false,
      jsc: {
        target: 'es2023',
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
      },
      module: { type: 'commonjs' },
    });
    const file = join(output, folder, name.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, code);
  }
}
