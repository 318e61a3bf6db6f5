import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'nestjs-redlock-dependencies-'));

beforeEach(() => {
  rmSync(marker, { force: true });
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const marker = join(folder, '.installing');
const SCRIPT = `
  import { ensureDependencies } from './scripts/lib/dependencies.mjs';
  await ensureDependencies(${JSON.stringify(folder)});
`;

/** What is printed before npm is called, which there is none of; nothing where nothing is to be installed. */
function install(): string {
  const args = ['--input-type=module', '-e', SCRIPT];
  return spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', env: { PATH: '' } }).stdout;
}

describe('dependencies', () => {
  it('are installed in a new clone without the name of the first that is missing, and else with it', () => {
    const packages = { 'node_modules/first': { version: '1.0.0' } };
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages }));

    expect(install()).toMatch(/\(there are none yet; these are 1\) …/);
    rmSync(marker);

    mkdirSync(join(folder, 'node_modules'));
    writeFileSync(join(folder, 'node_modules', '.package-lock.json'), JSON.stringify({ packages: {} }));

    expect(install()).toMatch(/\(node_modules\/first is missing or of another version\) …/);
  });

  it('are installed again when a package is gone that npm says is there, and else left as they are', () => {
    const packages = { 'node_modules/first': { version: '1.0.0' }, 'node_modules/other': { optional: true } };
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages }));
    writeFileSync(join(folder, 'node_modules', '.package-lock.json'), JSON.stringify({ packages }));

    expect(install()).toMatch(/\(node_modules\/first is missing or of another version\) …/);
    rmSync(marker);

    mkdirSync(join(folder, 'node_modules', 'first'));
    writeFileSync(join(folder, 'node_modules', 'first', 'package.json'), '{}');

    expect(install()).toBe('');
  });

  it('are installed again after an installation that did not end, whatever npm noted of it', () => {
    complete();
    writeFileSync(marker, String(spawnSync('true').pid));

    expect(install()).toMatch(/\(the last installation did not end\) …/);
    expect(existsSync(marker)).toBe(true); // npm, which is not there, did not end well

    rmSync(marker);
    expect(install()).toBe('');
  });

  it('are not installed beside another installation, which goes on after its script was killed', async () => {
    complete();
    const npm = spawn('sleep', ['60']);
    writeFileSync(marker, `${spawnSync('true').pid} ${npm.pid ?? 0}`);

    const command = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT], {
      cwd: root,
      env: { PATH: '' },
    });
    let output = '';
    for await (const text of command.stdout.setEncoding('utf8')) {
      output += String(text);
      // It has ended, and removed its marker.
      rmSync(marker, { force: true });
      npm.kill();
    }

    expect(output).toMatch(/^Another command is installing the npm dependencies.*: waiting for it …\n$/);
  });

  function complete(): void {
    const packages = { 'node_modules/first': { version: '1.0.0' } };
    const text = JSON.stringify({ packages });
    mkdirSync(join(folder, 'node_modules', 'first'), { recursive: true });
    writeFileSync(join(folder, 'package-lock.json'), text);
    writeFileSync(join(folder, 'node_modules', '.package-lock.json'), text);
    writeFileSync(join(folder, 'node_modules', 'first', 'package.json'), '{}');
    rmSync(marker, { force: true });
  }
});
