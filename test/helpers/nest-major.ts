import { readFileSync } from 'node:fs';

/** The major version of Nest that the tests run on: `npm run test:matrix` puts others in the place of our own. */
export const nestMajor = majorOf('@nestjs/core');

function majorOf(name: string): number {
  const manifest = readFileSync(require.resolve(`${name}/package.json`), 'utf8');
  return Number.parseInt((JSON.parse(manifest) as { version: string }).version, 10);
}
