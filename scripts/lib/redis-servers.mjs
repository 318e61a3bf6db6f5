import { freePort } from './ports.mjs';

const ATTEMPTS = 3;

/** Starts one Redis that keeps nothing on disk and listens only to this machine. Returns its URL. */
export async function startRedisServer(processes, { program, name }) {
  return (await startRedis(processes, { program, name })).url;
}

/**
 * Like `startRedisServer`, with more options of redis.conf, or on a given port. Returns
 * `{ url, port, child, exited }`.
 */
export async function startRedis(processes, { program, name, options = {}, port: given }) {
  for (let attempt = 1; ; attempt += 1) {
    const port = given ?? (await freePort());
    try {
      return await startOn(port, processes, { program, name, options });
    } catch (error) {
      // Another program may have taken the port in the meantime.
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

async function startOn(port, processes, { program, name, options }) {
  const folder = processes.makeFolder('redlock-redis-');
  const all = { port, bind: '127.0.0.1', save: '', appendonly: 'no', dir: folder, ...options };
  const { child, exited } = await processes.start({
    name: `${name} (redis-server, port ${port})`,
    command: program,
    args: Object.entries(all).flatMap(([option, value]) => [`--${option}`, ...[value].flat().map(String)]),
    ready: /Ready to accept connections/,
  });
  return { url: `redis://127.0.0.1:${port}`, port, child, exited };
}
