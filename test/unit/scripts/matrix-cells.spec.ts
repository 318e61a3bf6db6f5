import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { minVersion } from 'semver';
import { parse } from 'yaml';

const root = join(__dirname, '../../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

interface Workflow {
  readonly jobs: Record<string, { readonly strategy?: { readonly matrix: { readonly node: string[] } } }>;
}

describe('the tests on other versions', () => {
  const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
  const lowest = minVersion(engines.node)?.version;

  it('run on the lowest Node that package.json allows', () => {
    const cells = read('scripts/lib/matrix-cells.mjs');

    expect(/node: \[([^\]]*)\]/.exec(cells)?.[1]).toContain(`'${lowest}'`);
  });

  it.each(['test', 'matrix'])('do so in the job "%s" of each commit', (job) => {
    const { jobs } = parse(read('.github/workflows/ci.yml')) as Workflow;

    expect(jobs[job]?.strategy?.matrix.node).toContain(lowest);
  });
});
