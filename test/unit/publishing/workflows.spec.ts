import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const GITHUB = join(__dirname, '..', '..', '..', '.github');
const yamlIn = (folder: string) =>
  readdirSync(join(GITHUB, folder))
    .filter((name) => name.endsWith('.yml'))
    .map((name) => ({ name, text: readFileSync(join(GITHUB, folder, name), 'utf8') }));

describe('the workflows', () => {
  const workflows = yamlIn('workflows');
  const used = workflows.flatMap(({ text }) =>
    [...text.matchAll(/uses: *(.*)$/gm)].map(([, action = '']) => action),
  );

  it('take each action at one commit, with the version that it is', () => {
    const pinned = /^(?<action>[\w-]+\/[\w-]+)@(?<commit>[0-9a-f]{40}) # v\d+\.\d+\.\d+$/;
    const commits = used.map((action) => pinned.exec(action)?.groups ?? { action, commit: 'none' });

    expect(used.length).toBeGreaterThan(5);
    expect(commits.filter(({ commit }) => commit === 'none')).toEqual([]);
    const distinct = new Set(commits.map(({ action, commit }) => `${action}@${commit}`));
    expect(distinct.size).toBe(new Set(commits.map(({ action }) => action)).size);
  });

  it.each(workflows)('$name may read and no more, but for jobs that say what they write', ({ text }) => {
    const { permissions, jobs } = parse(text) as {
      permissions: unknown;
      jobs: Record<string, { permissions?: Record<string, string>; 'timeout-minutes'?: number }>;
    };
    const writing = Object.entries(jobs).filter(([, job]) => job.permissions !== undefined);

    expect(permissions).toEqual({ contents: 'read' });
    expect(writing.map(([name]) => name).filter((name) => name !== 'publish')).toEqual([]);
    expect(Object.values(jobs).filter((job) => job['timeout-minutes'] === undefined)).toEqual([]);
  });

  it('publish what they tested, with a statement of where it comes from', () => {
    const release = workflows.find(({ name }) => name === 'release.yml')?.text ?? '';
    const { on, jobs } = parse(release) as {
      on: unknown;
      jobs: Record<string, { needs?: string; environment?: string; permissions?: unknown }>;
    };

    expect(on).toEqual({ push: { tags: ['v*'] } });
    expect(jobs.publish).toMatchObject({ needs: 'test', environment: 'npm' });
    expect(jobs.publish?.permissions).toEqual({ contents: 'write', 'id-token': 'write' });
    expect(release).toMatch(/npm publish .* --provenance --access public/);
    expect(release).toMatch(/npm sbom /);
  });
});

describe('the forms for issues', () => {
  const forms = yamlIn('ISSUE_TEMPLATE').filter(({ name }) => name !== 'config.yml');

  it.each(forms)('$name asks for something, and names each field once', ({ text }) => {
    const { name, description, body } = parse(text) as {
      name: string;
      description: string;
      body: { type: string; id: string; attributes: { label: string; options?: string[] } }[];
    };

    expect([name, description].every((words) => words.length > 5)).toBe(true);
    expect(body.length).toBeGreaterThan(1);
    expect(new Set(body.map(({ id }) => id)).size).toBe(body.length);
    for (const { type, attributes } of body) {
      expect(['textarea', 'input', 'dropdown', 'checkboxes']).toContain(type);
      expect(attributes.label.length).toBeGreaterThan(3);
      expect(type === 'dropdown').toBe(attributes.options !== undefined);
    }
  });
});
