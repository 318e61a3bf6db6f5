import { dirname, join, normalize } from 'node:path/posix';
import ts from 'typescript';

/** The files under lib/, by their path from there. */
export type Sources = ReadonlyMap<string, string>;

type SubPath = 'testing' | 'health' | 'opentelemetry' | 'swagger' | 'fencing';
type Layer = 'errors' | 'core' | 'redis' | 'memory' | 'locking' | 'system' | 'nest' | 'cli' | SubPath;

/** What the files of a layer may import of this library. An arrow that is not here runs the wrong way. */
const MAY_IMPORT: Record<Layer, readonly Layer[]> = {
  errors: ['errors'],
  core: ['core', 'errors'],
  redis: ['redis', 'core', 'errors', 'system'],
  memory: ['memory', 'core', 'errors', 'system'],
  locking: ['locking', 'core', 'errors'],
  system: ['system', 'core'],
  nest: ['nest', 'locking', 'redis', 'memory', 'core', 'errors', 'system'],
  // The sub-paths of the package: the main entry knows nothing of them.
  testing: ['testing', 'nest', 'locking', 'memory', 'core', 'errors', 'system'],
  health: ['health', 'nest', 'locking', 'core', 'errors'],
  opentelemetry: ['opentelemetry', 'nest', 'locking', 'errors', 'system'],
  fencing: ['fencing', 'nest', 'redis', 'locking', 'core', 'errors', 'system'],
  swagger: ['swagger', 'nest', 'errors'],
  // The program: nobody knows it, and it starts without Nest.
  cli: ['cli', 'locking', 'redis', 'core', 'errors', 'system'],
};

const WITH_PACKAGES: readonly Layer[] = ['nest', 'testing', 'health', 'opentelemetry', 'swagger', 'fencing'];

/** Only what cannot be without it may ask for it. */
const OPTIONAL_PEERS: Readonly<Record<string, Layer>> = {
  '@nestjs/swagger': 'swagger',
  '@nestjs/terminus': 'health',
  '@opentelemetry/api': 'opentelemetry',
};

const FOLDERS: readonly string[] = Object.keys(MAY_IMPORT).filter(
  (layer) => layer !== 'system' && layer !== 'nest',
);

function layerOf(file: string): Layer {
  if (/^utils\/system-[\w-]+\.ts$/.test(file)) return 'system';
  const folder = file.split('/')[0] ?? '';
  return FOLDERS.includes(folder) ? (folder as Layer) : 'nest';
}

interface Import {
  readonly specifier: string;
  readonly isTypeOnly: boolean;
}

/** Every arrow that runs the wrong way, as a sentence. */
export function wrongArrows(sources: Sources): string[] {
  return [...sources].flatMap(([file, text]) =>
    importsOf(file, text)
      .flatMap((one) => problemOf(file, one, sources) ?? [])
      .map((problem) => `${file} ${problem}`),
  );
}

function problemOf(file: string, { specifier, isTypeOnly }: Import, sources: Sources): string | undefined {
  if (!specifier.startsWith('.')) return packageProblem(file, specifier, isTypeOnly);
  const target = normalize(join(dirname(file), specifier)) + '.ts';
  if (target.startsWith('..')) return `imports ${specifier}, outside of lib`;
  if (!sources.has(target)) return `imports ${specifier}, a folder or no file of lib`;
  if (target === 'index.ts') return 'imports the barrel index.ts';
  const [from, to] = [layerOf(file), layerOf(target)];
  return MAY_IMPORT[from].includes(to) ? undefined : `(${from}) imports ${target} (${to})`;
}

function packageProblem(file: string, specifier: string, isTypeOnly: boolean): string | undefined {
  const layer = layerOf(file);
  if (specifier === 'nestjs-redlock') return 'imports the barrel by the name of the package';
  if (/^ioredis(\/|$)/.test(specifier)) {
    const isAllowed = layer === 'redis' || layer === 'cli' || (file.startsWith('interfaces/') && isTypeOnly);
    return isAllowed ? undefined : `(${layer}) imports ${specifier}`;
  }
  const owner = OPTIONAL_PEERS[specifier];
  if (owner !== undefined) return layer === owner ? undefined : `(${layer}) imports ${specifier}`;
  // Of OpenTelemetry the API alone: which SDK there is, is for the application to say.
  if (specifier.startsWith('@opentelemetry/')) return `(${layer}) imports ${specifier}`;
  if (specifier.startsWith('node:') || WITH_PACKAGES.includes(layer)) return undefined;
  return `(${layer}) imports ${specifier}`;
}

/** Static imports, `export … from`, `import x = require()`, dynamic imports, `require()` and types by `import()`. */
function importsOf(file: string, text: string): Import[] {
  const found: Import[] = [];
  const note = (specifier: ts.Node | undefined, isTypeOnly: boolean): void => {
    if (specifier !== undefined && ts.isStringLiteralLike(specifier))
      found.push({ specifier: specifier.text, isTypeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node))
      note(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    if (ts.isExportDeclaration(node)) note(node.moduleSpecifier, node.isTypeOnly);
    if (ts.isExternalModuleReference(node)) note(node.expression, false);
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) note(node.argument.literal, true);
    if (ts.isCallExpression(node) && isModuleCall(node)) note(node.arguments[0], false);
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

/** Every use of the process's own time or chance outside of utils/system-*, as a sentence. */
export function ambientTimeAndChance(sources: Sources): string[] {
  return [...sources].flatMap(([file, text]) => {
    if (layerOf(file) === 'system') return [];
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
