// A part of `npm run build`: bundles the code and the types that `nest build` has compiled. So the package has a file or
// a few for each entry. With two for each source, Node and TypeScript would have to find and open hundreds.
import { isAbsolute, join, posix, relative } from 'node:path';
import { transform } from 'esbuild';
import { dts } from 'rollup-plugin-dts';
import { manifest, root } from './scripts/lib/paths.mjs';

/** `nest build` writes ES modules there. */
const FROM = 'build';
const TO = 'dist';

const MAIN = 'index';
const TESTING = 'testing/index';
/** `index`, `testing/index` and so on. */
const entries = Object.values(manifest.exports).flatMap(({ types = '' }) => nameOf(types, '.d.ts') ?? []);
/** `cli/main`. */
const programs = Object.values(manifest.bin).map((file) => nameOf(file, '.js'));

const code = {
  ...inputs([...entries, ...programs], '.js'),
  // What TypeScript adds for decorators asks for the `this` of its module.
  context: 'this',
  plugins: [withoutComments(), withTheWayToThePage()],
  output: {
    ...{ dir: TO, format: 'cjs', entryFileNames: '[name].js', chunkFileNames: 'shared/[name].js' },
    ...{ interop: 'auto', exports: 'named', esModule: true, generatedCode: { constBindings: true } },
    ...{ hoistTransitiveImports: false, manualChunks: sharedFileOf },
  },
};

const types = {
  ...inputs(entries, '.d.ts'),
  plugins: [dts()],
  // The names of shared files end with `.d` already.
  output: { dir: TO, format: 'es', entryFileNames: '[name].d.ts', chunkFileNames: 'shared/[name].ts' },
};

export default [code, types];

function nameOf(file, ending) {
  return file.endsWith(ending) ? posix.relative(TO, file).slice(0, -ending.length) : undefined;
}

function inputs(names, ending) {
  return {
    input: Object.fromEntries(names.map((name) => [name, join(root, FROM, name + ending)])),
    external: (id) => !id.startsWith('.') && !isAbsolute(id),
    onwarn: refuse,
  };
}

/** A warning ends the build: of files that import each other, for example, or of a name that nobody exports. */
function refuse({ plugin, message }) {
  // Some public types mention types without a public name. The report of `npm run api` shows them.
  if (plugin === 'dts' && message.includes('no public re-export')) return;
  throw new Error(message);
}

/**
 * Puts what the main entry loads into four files by who else loads it: `base` and `locks` are also for the program, which
 * runs without Nest, and `base` and `service` for the smaller entries. Nobody else needs `nest`.
 */
function sharedFileOf(id, { getModuleInfo }) {
  const users = entriesThatLoad(id, getModuleInfo);
  if (!users.has(MAIN)) return undefined;
  const isForProgram = programs.some((name) => users.has(name));
  const isForSmaller = entries.some((name) => ![MAIN, TESTING].includes(name) && users.has(name));
  if (isForSmaller) return isForProgram ? 'base' : 'service';
  return isForProgram ? 'locks' : 'nest';
}

function entriesThatLoad(id, getModuleInfo) {
  const files = new Set([id]);
  for (const file of files) for (const importer of getModuleInfo(file).importers) files.add(importer);
  const found = [...files].filter((file) => getModuleInfo(file).isEntry);
  return new Set(found.map((file) => relative(join(root, FROM), file).replaceAll('\\', '/').slice(0, -3)));
}

/** Users read the comments in the types, and Node need not read them. */
function withoutComments() {
  return {
    name: 'without-comments',
    renderChunk: async (text) => (await transform(text, { legalComments: 'none', target: 'esnext' })).code,
  };
}

/** The page of the board is a file of the package, and the code that reads it is not in the folder of its source. */
function withTheWayToThePage() {
  return {
    name: 'with-the-way-to-the-page',
    renderChunk: (text, { fileName }) =>
      text.replace(/"[./]+\/dist\/(board\/page\.json)"/, (_, page) => {
        const way = posix.relative(posix.dirname(fileName), page);
        return JSON.stringify(way.startsWith('.') ? way : `./${way}`);
      }),
  };
}
