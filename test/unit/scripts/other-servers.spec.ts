import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(__dirname, '../../..');

function node(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  return spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', env });
}

describe('servers of other kinds', () => {
  it('are told why they cannot be had on a machine without apt', () => {
    const script = `
      import { unpackDebianPackages } from './scripts/lib/debian-packages.mjs';
      const result = await unpackDebianPackages({ suite: 'sid', names: ['x'], wanted: /x/, folder: '/none' });
      console.log(JSON.stringify(result));
    `;

    const { stdout } = node(['--input-type=module', '-e', script], { PATH: '' });

    expect(JSON.parse(stdout)).toEqual({
      ok: false,
      problem: 'needs apt-get and dpkg-deb, which Debian and Ubuntu have',
    });
  });

  it.each([
    ['--only', 'dragon-1', 'There is no dragon-1.'],
    ['--suites', 'units', 'There is no units.'],
    ['--seconds', 'long', 'npm run test:servers -- [options]'],
    ['--speed', '7', "Unknown option '--speed'"],
  ])('are not tested when %s is "%s", which says what there is', (option, value, message) => {
    const { status, stderr } = node(['scripts/test-servers.mjs', option, value]);

    expect(status).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr).toContain('--only <names>');
  });
});
