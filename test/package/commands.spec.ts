import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
// The storm below starts real servers.
import '../helpers/redis-server';

const root = join(__dirname, '..', '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

/** Where each script of package.json is run, or what it does is. */
const RUN_BY: Record<string, string> = {
  ...{
    program: 'test/e2e/sample.spec.ts',
    start: 'test/e2e/sample.spec.ts',
    demo: 'test/e2e/sample-demo.spec.ts',
  },
  'demo:failover': 'test/e2e/demo-failover.spec.ts',
  ...{ test: '.ci/run', jest: 'scripts/lib/jest.mjs', build: 'scripts/test.mjs' },
  ...{ types: 'scripts/test.mjs', 'docs:api': 'scripts/test.mjs', lint: 'scripts/test.mjs' },
  prepack: 'test/package/package.spec.ts',
  ...{ simulate: 'this spec', chaos: 'this spec', figures: 'this spec' },
  // What it does on one server is a step of scripts/test.mjs.
  'test:servers': 'this spec',
  ...{ 'test:matrix': '.github/workflows/ci.yml', bench: '.github/workflows/ci.yml' },
  prepublishOnly: '.github/workflows/ci.yml',
  ...{ api: 'scripts/test.mjs', changelog: 'test/unit/scripts/changelog.spec.ts' },
  version: 'test/unit/scripts/changelog.spec.ts',
  'docs:screenshots': 'a person, when a page looks different',
  format: 'the same programs as lint, which repair instead of telling',
};

describe('the commands of the project', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

  it('are each run by CI, in a small form', () => {
    expect(Object.keys(RUN_BY).sort()).toEqual(Object.keys(scripts).sort());
  });

  it.each(['CONTRIBUTING.md', 'README.md', 'docs/MONITORING.md'])('exist where %s names them', (document) => {
    const named = [...read(document).matchAll(/npm (?:run ([\w:]+)|(start|test)\b)/g)];

    expect(named.length).toBeGreaterThan(0);
    for (const [, run, short] of named) expect(scripts).toHaveProperty([(run ?? short) as string]);
  });

  it.each([
    [['simulate', '--', '--seeds', '10']],
    [['simulate', '--', '--seed', '7']],
    [['simulate', '--', '--mutations', '--only', 'quorum']],
    [['simulate', '--', '--kind', 'wiped', '--seconds', '1']],
    [['figures']],
    [['test:servers', '--', '--help']],
    [['chaos', '--', '--seed', '7', '--processes', '2', '--workers', '2', '--minutes', '0.02']],
  ])('work: npm run %j', (args) => {
    const { status, stdout, stderr } = spawnSync('npm', ['run', ...args], { cwd: root, encoding: 'utf8' });

    // What is no terminal gets lines that stay as they are.
    expect(['\r', '\u001b'].filter((control) => (stdout + stderr).includes(control))).toEqual([]);
    expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, output: '' });
  });
});
