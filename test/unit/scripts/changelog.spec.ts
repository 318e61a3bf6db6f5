import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '../../..');
const UNRELEASED = `# Changelog

What has changed.

## Unreleased

### Added

- a lock

## 0.1.0 - 2026-01-02

### Added

- b
`;

/** The script in a project of its own, whose package.json says 0.2.0. */
class Project {
  readonly folder = mkdtempSync(join(tmpdir(), 'nestjs-redlock-changelog-'));

  constructor(changelog: string) {
    mkdirSync(join(this.folder, 'scripts', 'lib'), { recursive: true });
    for (const file of ['scripts/changelog.mjs', 'scripts/lib/paths.mjs'])
      cpSync(join(ROOT, file), join(this.folder, file));
    symlinkSync(join(ROOT, 'node_modules'), join(this.folder, 'node_modules'));
    writeFileSync(join(this.folder, 'package.json'), '{ "version": "0.2.0" }');
    writeFileSync(join(this.folder, 'CHANGELOG.md'), changelog);
  }

  run(...args: string[]) {
    const script = join(this.folder, 'scripts', 'changelog.mjs');
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
    return { status, text: stdout + stderr };
  }

  get changelog(): string {
    return readFileSync(join(this.folder, 'CHANGELOG.md'), 'utf8');
  }
}

describe('the changelog', () => {
  let project: Project;
  const open = (changelog: string) => (project = new Project(changelog));

  afterEach(() => {
    rmSync(project.folder, { recursive: true });
  });

  it('of this project has the form that a release keeps', () => {
    const { status, text } = open(readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8')).run();

    expect([status, text]).toEqual([0, 'CHANGELOG.md has the form of Keep a Changelog.\n']);
  });

  it('gets the version of package.json and a date when it is released, and changes in nothing else', () => {
    expect(open(UNRELEASED).run('--release').status).toBe(0);

    expect(project.changelog).toMatch(/^## 0\.2\.0 - \d{4}-\d\d-\d\d$/m);
    expect(project.changelog.replace(/^## 0\.2\.0 - .*$/m, '## Unreleased')).toBe(UNRELEASED);
  });

  it('tells what a tag has changed', () => {
    open(UNRELEASED).run('--release');

    expect(project.run('--notes', 'v0.2.0')).toEqual({ status: 0, text: '### Added\n\n- a lock\n' });
  });

  it.each([
    [
      'a tag of another version',
      ['--notes', 'v0.3.0'],
      /The tag v0\.3\.0 is not that of package\.json, v0\.2\.0/,
    ],
    ['a tag that nobody released', ['--notes', 'v0.2.0'], /no date for 0\.2\.0/],
  ])('refuses %s', (_, args, message) => {
    const { status, text } = open(UNRELEASED).run(...args);

    expect(status).toBe(1);
    expect(text).toMatch(message);
  });

  it('refuses to release nothing, or one version twice', () => {
    expect(
      open(UNRELEASED.replace('## Unreleased\n\n### Added\n\n- a lock\n\n', '')).run('--release').text,
    ).toMatch(/nothing that is unreleased/);
    rmSync(project.folder, { recursive: true });
    expect(open(UNRELEASED.replace('0.1.0', '0.2.0')).run('--release').text).toMatch(
      /0\.2\.0 is released already/,
    );
  });

  it('is found wrong, with its line, where a release would write something else', () => {
    const { status, text } = open(UNRELEASED.replace('- a lock', '* a lock')).run();

    expect(status).toBe(1);
    expect(text).toMatch(/CHANGELOG\.md, line 9: a release would write "- a lock" here/);
  });
});
