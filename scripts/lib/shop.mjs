import { nextFreePort } from './ports.mjs';
import { startPostgres } from './postgres-server.mjs';
import { Processes } from './processes.mjs';
import { inProgress } from './progress.mjs';
import { findRedisServer } from './redis-binary.mjs';
import { sampleMain } from './sample.mjs';
import { SpawnedNodes } from './spawned-nodes.mjs';

/**
 * The order system with everything below it: the place of its locks and of its data, and its processes.
 *
 * Locks:
 * - `REDIS_NODES` set: your own masters.
 * - redis-server in PATH: three masters, for as long as the script runs.
 * - neither: inside of the one process.
 *
 * Data:
 * - `DATABASE_URL` set: your own PostgreSQL; or `memory`, inside of the one process.
 * - npm could install the programs of PostgreSQL, and they run: one of our own, for as long as the script
 *   runs.
 * - neither: inside of the one process.
 */
export class Shop {
  #servers = new Processes();
  #apps = new Processes();
  #nodes;
  #urls = [];

  /** Decides where locks and data are kept, and starts the servers for that. */
  async startBackends() {
    const [locks, data] = await inProgress('Redis and PostgreSQL', () =>
      Promise.all([this.#startLocks(), this.#startData()]),
    );
    this.backends = { locks, data };
    return this.backends;
  }

  /** Starts the processes of the application: two, or one if locks or data are inside of it. */
  startApps(options) {
    return inProgress('order system', () => this.#startApps(options));
  }

  async #startApps({ firstPort, env = {}, onLine = () => {} }) {
    const { locks, data } = this.backends;
    const isShared = locks.kind !== 'memory' && data.kind !== 'memory';
    const apps = [];
    let port = firstPort;
    for (const name of isShared ? ['app 1', 'app 2'] : ['app 1']) {
      port = await nextFreePort(port);
      const { match, exited } = await this.#apps.start({
        name,
        command: process.execPath,
        args: ['--enable-source-maps', sampleMain()],
        env: {
          ...env,
          PORT: String(port),
          REDIS_NODES: locks.nodes.join(','),
          DATABASE_URL: data.url ?? '',
          SHOP_DATA: data.words,
        },
        ready: /listening on (http:\S+)/,
        onLine: (line) => onLine(`[${name}] ${line}`),
        onMessage: (message, child) => this.#answer(message, child),
      });
      apps.push({ name, url: match[1], exited });
      if (firstPort !== 0) port += 1;
      else port = 0;
    }
    this.#urls = apps.map(({ url }) => url);
    return apps;
  }

  stopApps() {
    return this.#apps.stop();
  }

  /** The applications stop first: they release their locks while the nodes are still there. */
  async stop() {
    await this.#apps.stop();
    await this.#servers.stop();
  }

  /** Answers the process of a page, which may kill a lock node and start it again. */
  async #answer({ id, kill, start }, child) {
    let problem;
    try {
      if (kill !== undefined) await this.#nodes?.kill(kill);
      if (start !== undefined) await this.#nodes?.start(start);
    } catch (error) {
      problem = error.message;
    }
    if (child.connected) child.send({ id, problem, apps: this.#urls, nodes: this.#nodes?.states ?? [] });
  }

  async #startLocks() {
    const own = process.env.REDIS_NODES;
    if (own) return { kind: 'own', nodes: splitList(own) };
    const program = findRedisServer();
    if (program === undefined) {
      return { kind: 'memory', nodes: [], why: 'redis-server is not in PATH' };
    }
    this.#nodes = new SpawnedNodes(this.#servers, program, 3);
    return { kind: 'spawned', nodes: await this.#nodes.startAll() };
  }

  async #startData() {
    const own = process.env.DATABASE_URL;
    if (own === 'memory') return memory('DATABASE_URL says so');
    if (own) return { kind: 'own', url: own, words: 'your PostgreSQL' };
    try {
      return { kind: 'spawned', url: await startPostgres(this.#servers), words: 'PostgreSQL' };
    } catch (error) {
      return memory(`PostgreSQL cannot run here (${error.message})`);
    }
  }
}

function memory(why) {
  return { kind: 'memory', why, words: `the memory of this process: ${why}` };
}

function splitList(list) {
  return list
    .split(',')
    .map((url) => url.trim())
    .filter((url) => url !== '');
}

/** A URL without its password, so that it may be printed. */
export function withoutPassword(url) {
  const parsed = new URL(url);
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}
