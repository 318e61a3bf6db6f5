// A part of `npm run build`: bundles the code and the types that `nest build` has compiled. So the package has a file or
// a few for each entry. With two for each source, Node and TypeScript would have to find and open hundreds.
import { isAbsolute, join, posix, relative } from 'node:path';
import { transform } from 'esbuild';
import { dts } from 'rollup-plugin-dts';
import { manifest, root } from './scripts/lib/paths.mjs';

/** `nest build` writes ES modules there. */
const FROM = 'build';
const TO = 'dist';

/** What the entries for `import` have handed to the CommonJS files: packages of Nest, by their names. */
const HANDED = 'shared/handed.js';

const MAIN = 'index';
const TESTING = 'testing/index';
/** `index`, `testing/index` and so on. */
const entries = Object.values(manifest.exports).flatMap(
  (entry) => nameOf(entry.default ?? entry, '.js') ?? [],
);
/** `cli/main`. */
const programs = Object.values(manifest.bin).map((file) => nameOf(file, '.js'));

const code = {
  ...inputs([...entries, ...programs], '.js'),
  // What TypeScript adds for decorators asks for the `this` of its module.
  context: 'this',
  plugins: [withoutComments(), withTheWayToThePage(), withEntriesForImport()],
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
      text.replace(/"[./]+\/dist\/(board\/page\.json)"/, (_, page) =>
        JSON.stringify(wayFrom(fileName, page)),
      ),
  };
}

/**
 * Writes what `import` gets for each entry: an ES module with the same classes. It imports the packages of Nest, hands
 * them to our CommonJS files, and only then loads these. Nest 12 consists of ES modules. Node before 20.19.6 and 22.17
 * cannot require one that is being imported, and jest before Node 24.9 cannot require one at all.
 */
function withEntriesForImport() {
  return {
    name: 'with-entries-for-import',
    renderChunk: (text, { fileName }) =>
      text.replace(
        /require\(("@nestjs\/\w+")\)/g,
        (required, peer) => `require("${wayFrom(fileName, HANDED)}")[${peer}] ?? ${required}`,
      ),
    generateBundle(_, files) {
      const emit = (fileName, ...lines) =>
        this.emitFile({ type: 'asset', fileName, source: `${lines.join('\n')}\n` });
      emit(HANDED, '"use strict";', 'module.exports = {};');
      for (const name of entries) {
        const loader = posix.join(posix.dirname(name), 'load.js');
        const peers = nestPeersOf(name, files);
        emit(
          `${name}.mjs`,
          ...peers.map((peer) => `import * as ${posix.basename(peer)} from "${peer}";`),
          'import load from "./load.js";',
          `export const { ${files[`${name}.js`].exports.toSorted().join(', ')} } =`,
          `  load({ ${peers.map((peer) => `"${peer}": ${posix.basename(peer)}`).join(', ')} });`,
        );
        emit(
          loader,
          '"use strict";',
          `const handed = require("${wayFrom(loader, HANDED)}");`,
          'module.exports = (peers) => {',
          '  // The default export of a CommonJS module is all of it.',
          '  for (const [name, peer] of Object.entries(peers)) handed[name] = peer.default ?? peer;',
          '  return require("./index.js");',
          '};',
        );
        emit(`${name}.d.mts`, "export * from './index.js';");
      }
    },
  };
}

/** The packages of Nest that an entry requires, itself or by what it shares. */
function nestPeersOf(name, files) {
  const loaded = new Set([`${name}.js`]);
  for (const file of loaded) for (const imported of files[file]?.imports ?? []) loaded.add(imported);
  return [...loaded].filter((imported) => imported.startsWith('@nestjs/')).sort();
}

function wayFrom(file, to) {
  const way = posix.relative(posix.dirname(file), to);
  return way.startsWith('.') ? way : `./${way}`;
}
