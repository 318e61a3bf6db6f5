import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { root } from './paths.mjs';

/** The entries that load a part of the files of the root entry. They must not load the other files. */
const SMALL_ENTRIES = ['health', 'opentelemetry', 'swagger', 'schedule', 'board', 'fencing'];

const FOLDER = 'joined';
const REQUIRE = /\brequire\("(\.[^"]+)"\)/g;

/** How TypeScript begins each file. Joined files say the first line once, and the second one in a word. */
const STRICT = /^"use strict";\n/;
const ES_MODULE = /^Object\.defineProperty\(exports, "__esModule", \{ value: true \}\);\n/;
/** The names that are set further below. They are said here for files that require each other in a circle. */
const NOT_YET = /^(?:exports\.\w+ = )+void 0;\n/m;

/** What works in a file of its own alone: other spellings of a require of ours, and what tells where the file is. */
const UNJOINABLE = /\b(?:require|import)\(\s*["'`]\.|\brequire\.\w+|\b__filename\b|\bimport\.meta\b/;

/**
 * Joins the files that the root entry loads into two: the files that it shares with smaller entries, and the others.
 * Without this, more than half of the time to load 330 files is spent on finding, checking and reading them.
 *
 * Each file stays where it is, since other files require it, and its types are there. It exports what the joined file
 * has. So each class exists once, whichever entry it came from. The modules run in the order in which they are required,
 * as before.
 *
 * @throws for files that require each other in a circle, since the joined modules would call each other without end, and
 * for files that do not work anywhere but at their place
 */
export function joinFiles(dist = join(root, 'dist'), smallEntries = SMALL_ENTRIES) {
  const entry = join(dist, 'index.js');
  if (readFileSync(entry, 'utf8').includes(`./${FOLDER}/`)) return;
  const all = reachable(entry);
  all.delete(entry);
  const smaller = smallEntries.map((name) => reachable(join(dist, name, 'index.js')));
  const isShared = (file) => smaller.some((files) => files.has(file));
  const names = ['shared', 'root'];
  const groups = [[...all].filter(isShared), [...all].filter((file) => !isShared(file))];
  const places = new Map(
    groups.flatMap((files, group) => files.map((file, id) => [file, `from_${names[group]}(${id})`])),
  );
  mkdirSync(join(dist, FOLDER), { recursive: true });
  groups.forEach((files, group) => {
    const head = group === 1 ? `const from_shared = require("./${names[0]}.js");\n` : '';
    writeFileSync(join(dist, FOLDER, `${names[group]}.js`), head + joined(files, names[group], dist, places));
  });
  // The entry keeps its own text, since Node finds there the names that it exports.
  const strict = '"use strict";\n';
  const text = withPlaces(entry, places).replace(strict, '');
  writeFileSync(entry, strict + names.map(importOf).join('') + text);
  for (const [group, files] of groups.entries()) {
    files.forEach((file, id) => {
      const path = relative(dirname(file), join(dist, FOLDER, `${names[group]}.js`)).replaceAll('\\', '/');
      const from = path.startsWith('.') ? path : `./${path}`;
      writeFileSync(file, `"use strict";\nmodule.exports = require("${from}")(${id});\n`);
    });
  }
}

function importOf(name) {
  return `const from_${name} = require("./${FOLDER}/${name}.js");\n`;
}

/**
 * Returns the file and all files that it requires, directly or through others.
 *
 * @param way the files that led here, each of which requires the next one
 */
function reachable(file, found = new Set(), way = []) {
  if (way.includes(file)) {
    const circle = [...way.slice(way.indexOf(file)), file].join(' -> ');
    throw new Error(
      `Files that require each other cannot be joined: ${circle}. Move what both need to a third file.`,
    );
  }
  if (found.has(file)) return found;
  found.add(file);
  for (const [, path] of readFileSync(file, 'utf8').matchAll(REQUIRE))
    reachable(resolved(file, path), found, [...way, file]);
  return found;
}

function joined(files, name, dist, places) {
  const modules = files.map((file) => {
    const path = relative(dist, file).replaceAll('\\', '/');
    const code = withoutComments(withPlaces(file, places))
      .replace(STRICT, '')
      .replace(ES_MODULE, 'asEsModule(exports);\n')
      .replace(NOT_YET, '');
    return `// ${path}\nfunction (module, exports, __dirname) {${code}\n}`;
  });
  const folders = files.map((file) => relative(join(dist, FOLDER), dirname(file)).replaceAll('\\', '/'));
  return `"use strict";
const { join } = require("node:path");
const loaded = [];
// A bundle of ES modules has no __dirname.
const here = typeof __dirname === "string" ? __dirname : undefined;
/** Returns the exports of a module below. The module runs at the first call, and again if it threw. */
function from_${name}(id) {
  if (loaded[id] !== undefined) return loaded[id].exports;
  const module = { exports: {} };
  modules[id](module, module.exports, here && join(here, folders[id]));
  loaded[id] = module;
  return module.exports;
}
function asEsModule(exports) {
  Object.defineProperty(exports, "__esModule", { value: true });
}
const folders = ${JSON.stringify(folders)};
const modules = [
${modules.join(',\n')}
];
module.exports = from_${name};
`;
}

/** Returns the code without its comments. What users read of them is in the types, and Node need not read it. */
function withoutComments(text) {
  // This file is also read by what installs the packages, before they are there.
  const ts = createRequire(import.meta.url)('typescript');
  const { ESNext } = ts.ScriptTarget;
  const compilerOptions = { removeComments: true, target: ESNext, module: ts.ModuleKind.ESNext };
  return ts.transpileModule(text, { compilerOptions }).outputText;
}

/** Returns the text of a file, with a call of the joined file in the place of each require. */
function withPlaces(file, places) {
  const text = readFileSync(file, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '');
  const placed = text.replace(REQUIRE, (whole, path) => places.get(resolved(file, path)) ?? whole);
  const [found] = UNJOINABLE.exec(placed) ?? [];
  if (found === undefined) return placed;
  throw new Error(
    `${file} cannot be joined with others: it has ${JSON.stringify(found)}, which depends on its place.`,
  );
}

function resolved(file, path) {
  return createRequire(file).resolve(resolve(dirname(file), path));
}
