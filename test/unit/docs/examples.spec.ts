import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf } from '../../helpers/document-module';

const ROOT = join(__dirname, '..', '..', '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const named = (folder: string, ending: string) =>
  (readdirSync(join(ROOT, folder), { recursive: true }) as string[])
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}/${name}`);

/** Blocks that are files of tests, word for word: document, marker, file. */
const COPIES = [
  ['docs/TRANSACTIONS.md', 'function holdLocksUntilCommit', 'test/e2e/transactions/typeorm-adapter.ts'],
  ['docs/TRANSACTIONS.md', 'function holdLocks<', 'test/e2e/transactions/cls-adapter.ts'],
] as const;

/** Blocks that no test takes out of the document and runs: document, marker, why. */
const EXCEPTIONS = [
  [
    'README.md',
    'npm run demo',
    'sample.spec.ts, sample-demo.spec.ts and demo-failover.spec.ts run the scripts',
  ],
  ['README.md', 'npm install ./nest-quorum-redlock', 'test/package installs the packed package'],
  ['docs/FENCING.md', 'interface LockDefaults', 'types alone; test/package compiles them'],
  ['README.md', 'RedlockBoardModule.forRoot', 'test/e2e/board runs the module; this is compiled'],
  ['docs/BOARD.md', 'RedlockBoardModule.forRoot', 'test/e2e/board runs the module; this is compiled'],
  ['docs/ARCHITECTURE.md', 'line of stock:4', 'a drawing'],
  ['docs/ARCHITECTURE.md', 'lock:report', 'a drawing'],
  [
    'docs/MIGRATING.md',
    'MurLockModule.forRoot',
    'murlock brings a Redis client and a reflect-metadata of its own',
  ],
] as const;

/** What the specs run: `document`, `language` or nothing, `marker`. */
const RUNS = named('test', '.spec.ts').flatMap((spec) => {
  const blocks = [...read(spec).matchAll(/run(?:Block|Steps)\(\s*(['"])(.+?)\1,\s*(['"])(.+?)\3/g)].map(
    ([, , document, , marker]) => ({ document, language: '', marker }),
  );
  const texts = [...read(spec).matchAll(/readBlock\(\s*'(.+?)',\s*'(.*?)'(?:,\s*(['"])(.+?)\3)?/g)].map(
    ([, document, language, , marker = '']) => ({ document, language, marker }),
  );
  return [...blocks, ...texts];
});

/** Drawings are no examples. */
const BLOCKS = ['README.md', ...named('docs', '.md')].flatMap((document) =>
  blocksOf(document)
    .filter(({ language }) => language !== 'mermaid')
    .map((block) => ({ ...block, document, place: `${document}:${block.line}` })),
);
type Block = (typeof BLOCKS)[number];

/** As it is written in a spec. */
const written = (marker = '') => marker.replaceAll('\\n', '\n');

const isRun = ({ document, language, code }: Block) =>
  RUNS.some(
    (run) =>
      run.document === document &&
      code.includes(written(run.marker)) &&
      ['', language].includes(run.language ?? ''),
  );
const namesIt = ({ document, code }: Block, [of, marker]: readonly [string, string, string]) =>
  document === of && code.includes(marker);

describe('each example of README.md and docs', () => {
  it('is run by a test, or is named here with the reason', () => {
    const forgotten = BLOCKS.filter(
      (block) => !isRun(block) && ![...COPIES, ...EXCEPTIONS].some((entry) => namesIt(block, entry)),
    );

    expect(forgotten.map(({ place }) => place)).toEqual([]);
  });

  it('that is named here is there, once, and no test runs it', () => {
    for (const entry of [...COPIES, ...EXCEPTIONS]) {
      const found = BLOCKS.filter((block) => namesIt(block, entry));

      expect([entry, found.length, found.filter(isRun).map(({ place }) => place)]).toEqual([entry, 1, []]);
    }
  });

  it.each(COPIES)('of %s with %p is %s', (document, marker, file) => {
    const blank = /[\s,]+/g; // however long the lines are
    const [block] = BLOCKS.filter((one) => namesIt(one, [document, marker, file]));

    expect(block?.code.replace(blank, '')).toBe(read(file).replace(blank, ''));
  });

  it('names scripts that are in package.json', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const used = BLOCKS.filter(({ language }) => language === 'sh').flatMap(({ code }) =>
      [...code.matchAll(/^npm (?:run )?(start|test|[\w:]+)(?= |$)/gm)].map(([, name = '']) => name),
    );

    expect(used).toEqual(expect.arrayContaining(['start', 'test', 'bench']));
    expect(used.filter((name) => name !== 'install' && !(name in scripts))).toEqual([]);
  });
});
