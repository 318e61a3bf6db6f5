import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'nestjs-redlock-dependencies-'));

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What is printed before npm is called, which there is none of; nothing where nothing is to be installed. */
function install(): string {
  const script = `
    import { ensureDependencies } from './scripts/lib/dependencies.mjs';
    await ensureDependencies(${JSON.stringify(folder)});
  `;
  const args = ['--input-type=module', '-e', script];
  return spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', env: { PATH: '' } }).stdout;
}

describe('dependencies', () => {
  it('are installed in a new clone without the name of the first that is missing, and else with it', () => {
    const packages = { 'node_modules/first': { version: '1.0.0' } };
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages }));

    expect(install()).toMatch(/\(there are none yet; these are 1\) …/);

    mkdirSync(join(folder, 'node_modules'));
    writeFileSync(join(folder, 'node_modules', '.package-lock.json'), JSON.stringify({ packages: {} }));

    expect(install()).toMatch(/\(node_modules\/first is missing or of another version\) …/);
  });

  it('are installed again when a package is gone that npm says is there, and else left as they are', () => {
    const packages = { 'node_modules/first': { version: '1.0.0' }, 'node_modules/other': { optional: true } };
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages }));
    writeFileSync(join(folder, 'node_modules', '.package-lock.json'), JSON.stringify({ packages }));

    expect(install()).toMatch(/\(node_modules\/first is missing or of another version\) …/);

    mkdirSync(join(folder, 'node_modules', 'first'));
    writeFileSync(join(folder, 'node_modules', 'first', 'package.json'), '{}');

    expect(install()).toBe('');
  });
});
