import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_NAME, PACKED_FILE } from '../../helpers/package-name';

const ROOT = join(__dirname, '..', '..', '..');
/** What others published under it is not ours: `npx` would run it. */
const PROGRAM = 'nestjs-redlock';
const SUB_PATH = /\b(?:testing|health|opentelemetry|swagger|schedule|fencing|board)\b/.source;

/** Where a name of a package stands, which a reader, a program or npm would take for one. */
const NAME = /(?<![\w./@-])(?<name>(?:@[\w-]+\/)?[\w-]*redlock)/.source;
const PLACES = [
  `(?:\\bfrom|\\bimport|\\brequire\\(|\\bimport\\(|\\bdeclare module) ?['"\`]${NAME}['"\`/]`,
  `${NAME}/${SUB_PATH}`,
  `\\bnpx (?:-\\S+ )*${NAME}`,
  `\\bnpm (?:install|i|add|ls|exec|view) (?:-\\S+ )*${NAME}\\b`,
].map((place) => new RegExp(place, 'g'));

/** Other packages that the documents and the bench name. */
const OTHERS = ['redlock', '@sesamecare-oss/redlock', '@anchan828/nest-redlock'];

const sources = () =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((file) => /\.(ts|[cm]?js|md|txt|json|ya?ml)$/.test(file) && existsSync(join(ROOT, file)))
    .filter((file) => !/package-lock\.json$|^findings\//.test(file));

const namesIn = (text: string): string[] =>
  PLACES.flatMap((place) => [...text.matchAll(place)].map(({ groups }) => groups?.name ?? ''));

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

describe('the name of the package', () => {
  it('is the same in all documents, messages, imports and commands', () => {
    const own = 'test/unit/publishing/name.spec.ts';
    const named = sources()
      .filter((file) => file !== own)
      .flatMap((file) => namesIn(read(file)).map((name) => ({ file, name })));

    expect(named.filter(({ name }) => name === PACKAGE_NAME).length).toBeGreaterThan(100);
    expect(named.filter(({ name }) => name !== PACKAGE_NAME && !OTHERS.includes(name))).toEqual([]);
  });

  it.each([
    [`import { Locked } from '${PROGRAM}';`],
    [`import '${PROGRAM}';`],
    [`const { Locked } = require("${PROGRAM}/testing");`],
    [`declare module '${PROGRAM}' {`],
    [`npx -y ${PROGRAM} doctor`],
    [`npm install --save ${PROGRAM} ioredis`],
    [`see npm ls ${PROGRAM}`],
    [`the sub-path \`${PROGRAM}/health\``],
  ])('would be found wrong in: %s', (text) => {
    expect(namesIn(text)).toContain(PROGRAM);
  });

  it('is that of the file which README says to install', () => {
    expect(read('README.md')).toContain(
      `npm install ./${PACKED_FILE.replace(/-[^-]+\.tgz$/, '-*.tgz')} ioredis`,
    );
  });

  it('is that of the compiler, and of no other program than the one that it brings', () => {
    const { bin } = JSON.parse(read('package.json')) as { bin: Record<string, string> };
    const tsconfig = read('tsconfig.json');

    expect(Object.keys(bin)).toEqual([PROGRAM]);
    expect(tsconfig).toContain(`"paths": { "${PACKAGE_NAME}": ["./lib/index.ts"]`);
    expect(tsconfig).toContain(`"${PACKAGE_NAME}/*": ["./lib/*/index.ts"]`);
  });
});
