import { nextFreePort } from './ports.mjs';
import { Processes } from './processes.mjs';
import { inProgress } from './progress.mjs';
import { findRedisServer } from './redis-binary.mjs';
import { startRedisServer } from './redis-servers.mjs';
import { sampleMain } from './sample.mjs';

/**
 * The order system with everything below it: where its locks and data are kept, and its processes.
 *
 * - `REDIS_NODES` set: your own masters keep the locks; data is at `REDIS_DATA`, or else at the first of them.
 * - redis-server in PATH: three masters for locks and one Redis for data, for as long as the script runs.
 * - neither: everything inside of one process.
 */
export class Shop {
  #redis = new Processes();
  #apps = new Processes();

  /** Decides where locks and data are kept, and starts what has to run for that. */
  async startBackends() {
    const program = findRedisServer();
    if (process.env.REDIS_NODES) this.backends = ownBackends(process.env.REDIS_NODES);
    else if (program === undefined) this.backends = { kind: 'embedded', nodes: [] };
    else this.backends = await inProgress('Redis servers', () => this.#spawnBackends(program));
    return this.backends;
  }

  /** Starts the processes of the application: two, or one when what they would share is inside of it. */
  startApps(options) {
    return inProgress('order system', () => this.#startApps(options));
  }

  async #startApps({ firstPort, env = {}, onLine = () => {} }) {
    const { kind, nodes, data } = this.backends;
    const apps = [];
    let port = firstPort;
    for (const name of kind === 'embedded' ? ['app 1'] : ['app 1', 'app 2']) {
      port = await nextFreePort(port);
      const { match, exited } = await this.#apps.start({
        name,
        command: process.execPath,
        args: ['--enable-source-maps', sampleMain()],
        env: { ...env, PORT: String(port), REDIS_NODES: nodes.join(','), REDIS_DATA: data ?? '' },
        ready: /listening on (http:\S+)/,
        onLine: (line) => onLine(`[${name}] ${line}`),
      });
      apps.push({ name, url: match[1], exited });
      if (firstPort !== 0) port += 1;
      else port = 0;
    }
    return apps;
  }

  stopApps() {
    return this.#apps.stop();
  }

  /** The applications first: they give their locks back while the nodes are still there. */
  async stop() {
    await this.#apps.stop();
    await this.#redis.stop();
  }

  async #spawnBackends(program) {
    const names = ['lock node 1', 'lock node 2', 'lock node 3', 'data'];
    const urls = await Promise.all(names.map((name) => startRedisServer(this.#redis, { program, name })));
    return { kind: 'spawned', nodes: urls.slice(0, 3), data: urls[3] };
  }
}

function ownBackends(list) {
  const nodes = list
    .split(',')
    .map((url) => url.trim())
    .filter((url) => url !== '');
  return { kind: 'own', nodes, data: process.env.REDIS_DATA || nodes[0] };
}

/** A Redis URL as it may be printed: without its password. */
export function withoutPassword(url) {
  const parsed = new URL(url);
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}
