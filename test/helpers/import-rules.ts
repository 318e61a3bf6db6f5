import { dirname, join, normalize } from 'node:path/posix';
import ts from 'typescript';
import { PACKAGE_NAME } from './package-name';

/** The files under lib/, by their path from there. */
export type Sources = ReadonlyMap<string, string>;

/**
 * The rooms of lib/, by folder, and what the files of each may import of this library besides their own room: rooms
 * (with all that is in them), or single files. A file belongs to the room with the longest path that it lies in. An
 * arrow that is not here runs the wrong way; docs/ARCHITECTURE.md says why each room is where it is.
 */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  ports: [],
  collections: [],
  system: ['ports'],
  core: ['ports', 'collections', 'errors'],
  memory: ['ports', 'collections', 'system', 'errors'],

  // One node on a Redis-like server, group or cluster, from the top down.
  redis: ['redis/request', 'redis/server', 'redis/client', 'redis/script', ...belowRedis()],
  'redis/request': ['redis/server', 'redis/client', 'redis/script', ...belowRedis()],
  'redis/server': ['redis/client', ...belowRedis()],
  'redis/client/ioredis': ['redis/client', ...belowRedis()],
  'redis/client': belowRedis(),
  'redis/script': belowRedis(),

  // What surrounds a bare lease, from the top down.
  locking: [
    ...['locking/holding', 'locking/waiting', 'locking/inspection'],
    ...['locking/api', ...belowLocking()],
  ],
  'locking/holding': ['locking/waiting', 'locking/api', ...belowLocking()],
  'locking/waiting': ['locking/api', ...belowLocking()],
  'locking/inspection': ['locking/api', ...belowLocking()],
  'locking/api': belowLocking(),

  // These read what users give: options and clients of ioredis.
  nodes: ['redis', 'redis/client/ioredis', 'memory', 'ports', 'errors', 'system'],
  service: ['locking', 'nodes', 'core', 'system', 'ports', 'errors'],
  keys: ['locking/api', 'errors'],
  calls: ['service', 'keys', 'locking/api', 'system', 'errors'],

  nest: ['nest/decorators', 'nest/filters', ...belowNest()],
  'nest/decorators': ['nest', ...belowNest()],
  'nest/filters': belowNest(),

  // The sub-paths of the package: the main entry knows nothing of them, nor one of another.
  testing: ['nest', 'memory', 'locking', ...belowNest()],
  health: ['core/quorum.ts', 'core/node-guard.ts', ...belowNest()],
  opentelemetry: belowNest(),
  fencing: ['redis/script', ...belowNest()],
  swagger: ['nest', ...belowNest()],
  schedule: belowNest(),
  board: ['board/core', ...belowNest()],
  // Without Nest, so that the program shows the same page.
  'board/core': ['core/quorum.ts', 'locking/api', 'ports', 'errors'],

  // The program: nobody knows it, and it starts without Nest.
  cli: ['cli/doctor', 'cli/text', 'cli/nodes', 'board/core', ...belowProgram()],
  'cli/doctor': ['cli/text', 'cli/nodes', ...belowProgram()],
  'cli/text': ['locking', 'core', 'errors'],
  'cli/nodes': ['redis/client/ioredis', ...belowProgram()],
};

function belowRedis(): string[] {
  return ['ports', 'collections', 'system', 'errors'];
}

/** Time and chance come by their ports. */
function belowLocking(): string[] {
  return ['core', 'ports', 'collections', 'errors'];
}

function belowNest(): string[] {
  return ['calls', 'service', 'keys', 'locking/api', 'ports', 'system', 'errors'];
}

function belowProgram(): string[] {
  return ['locking', 'redis', 'core', 'ports', 'system', 'errors'];
}

/** Rooms without a single package; the others may import those of Nest, RxJS and Node. */
const WITH_PACKAGES = ['nodes', 'service', 'keys', 'calls', 'nest'];
const SUB_PATHS = ['testing', 'health', 'opentelemetry', 'swagger', 'schedule', 'fencing', 'board'];

/** The client library: one file of one room imports it. */
const IOREDIS_ROOM = 'redis/client/ioredis';
export const IMPORTS_IOREDIS = `${IOREDIS_ROOM}/ioredis.ts`;

/** Rooms that one has to be let into by name: whoever may enter the room around them may not enter these. */
const CLOSED_ROOMS: readonly string[] = [IOREDIS_ROOM];

/** Only what cannot be without it may ask for it. */
const OPTIONAL_PEERS: Readonly<Record<string, string>> = {
  '@nestjs/schedule': 'schedule',
  '@nestjs/swagger': 'swagger',
  '@nestjs/terminus': 'health',
  '@opentelemetry/api': 'opentelemetry',
};

/** `''`: a file beside the rooms. */
function roomOf(file: string): string {
  for (let folder = dirname(file); folder !== '.'; folder = dirname(folder)) {
    if (folder in ROOMS) return folder;
  }
  return '';
}

function mayImport(room: string, target: string): boolean {
  const targetRoom = roomOf(target);
  // Whoever may enter a room may enter the rooms inside of it, unless it lies there too.
  const isIn = (allowed: string): boolean =>
    target === allowed ||
    targetRoom === allowed ||
    (targetRoom.startsWith(`${allowed}/`) &&
      !room.startsWith(`${allowed}/`) &&
      room !== allowed &&
      !CLOSED_ROOMS.includes(targetRoom));
  return room === targetRoom || (ROOMS[room] ?? []).some(isIn);
}

/** The page of the board, which is built from sources of its own: one file of lib loads it. */
const LOADS_BUILT_PAGE = 'board/core/board-page.ts';
const BUILT_PAGE = '../../../dist/board/page.json';

interface Import {
  readonly specifier: string;
}

/** Every arrow that runs the wrong way, as a sentence. */
export function wrongArrows(sources: Sources): string[] {
  return [...sources].flatMap(([file, text]) =>
    importsOf(file, text)
      .flatMap((one) => problemOf(file, one, sources) ?? [])
      .map((problem) => `${file} ${problem}`),
  );
}

function problemOf(file: string, { specifier }: Import, sources: Sources): string | undefined {
  if (!specifier.startsWith('.')) return packageProblem(file, specifier);
  if (file === LOADS_BUILT_PAGE && specifier === BUILT_PAGE) return undefined;
  const target = normalize(join(dirname(file), specifier)) + '.ts';
  if (target.startsWith('..')) return `imports ${specifier}, outside of lib`;
  if (!sources.has(target)) return `imports ${specifier}, a folder or no file of lib`;
  if (target === 'index.ts') return 'imports the barrel index.ts';
  const [from, to] = [roomOf(file), roomOf(target)];
  if (file === 'index.ts') return undefined;
  return mayImport(from, target) ? undefined : `(${from}) imports ${target} (${to})`;
}

function packageProblem(file: string, specifier: string): string | undefined {
  const room = roomOf(file);
  if (specifier === PACKAGE_NAME) return 'imports the barrel by the name of the package';
  if (specifier.startsWith('node:')) return undefined;
  const problem = `(${room}) imports ${specifier}`;
  if (isIoredis(specifier)) return file === IMPORTS_IOREDIS ? undefined : problem;
  const owner = OPTIONAL_PEERS[specifier];
  if (owner !== undefined) return room === owner ? undefined : problem;
  // Of OpenTelemetry the API alone: which SDK there is, is for the application to say.
  if (specifier.startsWith('@opentelemetry/')) return problem;
  const top = room.split('/')[0] ?? '';
  return WITH_PACKAGES.includes(top) || SUB_PATHS.includes(top) ? undefined : problem;
}

/** Files that import each other, and rooms that do, as sentences. A type counts as much as a value. */
export function circles(sources: Sources): string[] {
  const files = new Map<string, Set<string>>();
  const rooms = new Map<string, Set<string>>();
  for (const [file, text] of sources) {
    for (const target of targetsOf(file, text, sources)) {
      add(files, file, target);
      if (roomOf(file) !== roomOf(target)) add(rooms, roomOf(file), roomOf(target));
    }
  }
  return [...circlesOf(files), ...circlesOf(rooms)].map((circle) => circle.join(' -> '));
}

/** Each arrow between two rooms once, as `from -> to`. */
export function arrowsBetweenRooms(sources: Sources): string[] {
  const arrows = new Set<string>();
  for (const [file, text] of sources) {
    if (file === 'index.ts') continue;
    for (const target of targetsOf(file, text, sources)) {
      const [from, to] = [roomOf(file), roomOf(target)];
      if (from !== to) arrows.add(`${from} -> ${to}`);
    }
  }
  return [...arrows].sort();
}

/** The files that import the client library, or types of it. */
export function importersOfIoredis(sources: Sources): string[] {
  const imports = ([file, text]: readonly [string, string]): boolean =>
    importsOf(file, text).some(({ specifier }) => isIoredis(specifier));
  return [...sources].filter(imports).map(([file]) => file);
}

/** The files outside of its room that know how the client library is used. */
export function visitorsOfIoredis(sources: Sources): string[] {
  const visits = ([file, text]: readonly [string, string]): boolean =>
    targetsOf(file, text, sources).some((target) => roomOf(target) === IOREDIS_ROOM);
  return [...sources]
    .filter(visits)
    .map(([file]) => file)
    .filter((file) => roomOf(file) !== IOREDIS_ROOM);
}

function isIoredis(specifier: string): boolean {
  return /^ioredis(\/|$)/.test(specifier);
}

function targetsOf(file: string, text: string, sources: Sources): string[] {
  return importsOf(file, text)
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map(({ specifier }) => normalize(join(dirname(file), specifier)) + '.ts')
    .filter((target) => sources.has(target));
}

function add(graph: Map<string, Set<string>>, from: string, to: string): void {
  graph.set(from, (graph.get(from) ?? new Set()).add(to));
}

/** Every node that can be reached from itself, with one way back. */
function circlesOf(graph: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const visit = (node: string, path: string[]): void => {
    const start = path.indexOf(node);
    if (start !== -1) found.push([...path.slice(start), node]);
    if (start !== -1 || done.has(node)) return;
    for (const next of graph.get(node) ?? []) visit(next, [...path, node]);
    done.add(node);
  };
  for (const node of graph.keys()) visit(node, []);
  return found;
}

/** Static imports, `export … from`, `import x = require()`, dynamic imports, `require()` and types by `import()`. */
function importsOf(file: string, text: string): Import[] {
  const found: Import[] = [];
  const note = (specifier: ts.Node | undefined): void => {
    if (specifier !== undefined && ts.isStringLiteralLike(specifier))
      found.push({ specifier: specifier.text });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) note(node.moduleSpecifier);
    if (ts.isExternalModuleReference(node)) note(node.expression);
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) note(node.argument.literal);
    if (ts.isCallExpression(node) && isModuleCall(node)) note(node.arguments[0]);
    ts.forEachChild(node, visit);
  };
  visit(parse(file, text));
  return found;
}

function isModuleCall({ expression }: ts.CallExpression): boolean {
  return (
    expression.kind === ts.SyntaxKind.ImportKeyword ||
    (ts.isIdentifier(expression) && expression.text === 'require')
  );
}

const AMBIENT_NAMES = new Set(['performance', 'setTimeout', 'setInterval', 'setImmediate']);
const AMBIENT_MEMBERS = new Set(['Date.now', 'Math.random', 'process.hrtime', 'process.uptime']);

/** Every use of the process's own time or chance outside of system/, as a sentence. */
export function ambientTimeAndChance(sources: Sources): string[] {
  return [...sources].flatMap(([file, text]) => {
    if (roomOf(file) === 'system') return [];
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      const use = ambientUse(node);
      if (use !== undefined) found.push(`${file} uses ${use}`);
      ts.forEachChild(node, visit);
    };
    visit(parse(file, text));
    return found;
  });
}

function ambientUse(node: ts.Node): string | undefined {
  if (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'Date') {
    return (node.arguments?.length ?? 0) === 0 ? 'new Date()' : undefined;
  }
  if (ts.isPropertyAccessExpression(node)) {
    const name = node.getText().replace(/^globalThis\./, '');
    return AMBIENT_MEMBERS.has(name) || AMBIENT_NAMES.has(name) ? name : undefined;
  }
  if (!ts.isIdentifier(node) || !AMBIENT_NAMES.has(node.text)) return undefined;
  // A member that happens to have that name, such as `clock.setTimeout`, is somebody else's.
  return ts.isPropertyAccessExpression(node.parent) && node.parent.name === node ? undefined : node.text;
}

function parse(file: string, text: string): ts.SourceFile {
  return ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
}
