// `npm run simulate`: histories of clients, nodes and faults in virtual time. The options are in test/simulation/cli.ts.
import { transformFileSync } from '@swc/core';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { cache, root } from './lib/paths.mjs';

const output = join(cache, `simulation-${process.pid}`);
process.chdir(root);
process.on('exit', () => rmSync(output, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

for (const folder of ['lib', join('test', 'simulation')]) compile(folder);
writeFileSync(join(output, 'package.json'), '{ "type": "commonjs" }');
const { main } = createRequire(import.meta.url)(join(output, 'test', 'simulation', 'cli.js'));
process.exit(await main());

function compile(folder) {
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
