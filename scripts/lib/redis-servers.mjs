import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports.mjs';

const ATTEMPTS = 3;

/** Starts one Redis that keeps nothing on disk and listens to this machine only; returns its URL. */
export async function startRedisServer(processes, { program, name }) {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      return await startOn(port, processes, { program, name });
    } catch (error) {
      // Somebody else may have taken the port since it was free.
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

async function startOn(port, processes, { program, name }) {
  const folder = mkdtempSync(join(tmpdir(), 'redlock-redis-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const options = { port, bind: '127.0.0.1', save: '', appendonly: 'no', dir: folder };
  await processes.start({
    name: `${name} (redis-server, port ${port})`,
    command: program,
    args: Object.entries(options).flatMap(([option, value]) => [`--${option}`, String(value)]),
    ready: /Ready to accept connections/,
  });
  return `redis://127.0.0.1:${port}`;
}
