import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache, root, sampleMain, tools } from './paths.mjs';
import { runNode } from './run.mjs';

const projects = {
  lib: {
    output: join(root, 'dist', 'index.js'),
    sources: ['lib', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json'],
  },
  'order-system': {
    output: sampleMain,
    // The library too: the sample is compiled against its types.
    sources: ['sample/order-system', 'lib', 'tsconfig.json', 'nest-cli.json'],
  },
};

/** `nest build` of one project. `{ ok, problem }` */
export async function build(project) {
  const print = fingerprint(projects[project].sources);
  const result = await runNode(tools.nest, ['build', project]);
  if (result.ok) remember(project, print);
  return result;
}

/** Builds the library and the sample, or these of the two, where a source changed since the last build. */
export async function ensureBuilt(names = Object.keys(projects)) {
  for (const project of names) {
    const { output, sources } = projects[project];
    if (existsSync(output) && recall(project) === fingerprint(sources)) continue;
    console.log(`Building ${project} …`);
    const result = await build(project);
    if (!result.ok) return result;
  }
  return { ok: true };
}

/** Changes when a file is added, removed or written. */
function fingerprint(sources) {
  return sources
    .flatMap((source) => listFiles(join(root, source)))
    .map((file) => `${file} ${statSync(file).mtimeMs} ${statSync(file).size}`)
    .sort()
    .join('\n');
}

function listFiles(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => name !== 'dist')
    .flatMap((name) => listFiles(join(path, name)));
}

function stampOf(project) {
  return join(cache, `${project}.built`);
}

function remember(project, print) {
  mkdirSync(cache, { recursive: true });
  writeFileSync(stampOf(project), print);
}

function recall(project) {
  return existsSync(stampOf(project)) ? readFileSync(stampOf(project), 'utf8') : undefined;
}
