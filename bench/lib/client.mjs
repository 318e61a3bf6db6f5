import { fork } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../../scripts/lib/paths.mjs';

const main = join(root, 'bench', 'client', 'main.mjs');
/** To load takes seconds when eight processes share two busy cores. */
const START_LIMIT_MS = 40_000;

const running = new Set();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** One process with one session of one contender. So no contender warms up or fills the heap of another one. */
export class Client {
  #child;
  #waiting = new Map();
  #calls = 0;
  #ended;

  /**
   * Opens the sessions. Rejects with the reason if that is not possible. `retryMs` is for contenders that
   * poll; `dist` is the folder of another build.
   */
  static async start(contender, urls, { retryMs = 5, sessions = 1, dist } = {}) {
    const client = new Client();
    client.#fork(dist);
    try {
      const { module, lock } = contender ?? {};
      await client.run('open', { contender: module, urls, retryMs, lock, count: sessions }, START_LIMIT_MS);
    } catch (error) {
      client.end();
      throw error;
    }
    return client;
  }

  get isAlive() {
    return this.#ended === undefined;
  }

  /** Runs one of `client/tasks`. After the limit the process is killed, and the promise rejects. */
  run(task, input, limitMs) {
    if (this.#ended !== undefined) return Promise.reject(new Error(this.#ended));
    const id = (this.#calls += 1);
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => this.end(`was not done after ${limitMs / 1000} s`), limitMs);
      this.#waiting.set(id, { resolve, reject, limit });
      this.#child.send({ id, task, input });
    });
  }

  /** Ends the process at once. What it still holds or waits for does not matter any more. */
  end(why = 'ended') {
    if (this.#ended !== undefined) return;
    this.#ended = why;
    this.#child.kill('SIGKILL');
    running.delete(this.#child);
    for (const { reject, limit } of this.#waiting.values()) {
      clearTimeout(limit);
      reject(new Error(why));
    }
    this.#waiting.clear();
  }

  #fork(dist) {
    this.#child = fork(main, [], {
      env: dist === undefined ? process.env : { ...process.env, BENCH_DIST: join(dist, 'index.js') },
      execArgv: ['--expose-gc', '--no-warnings'],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    running.add(this.#child);
    let printed = '';
    this.#child.stderr.on('data', (text) => (printed = (printed + text).slice(-2_000)));
    this.#child.once('exit', (code, signal) =>
      this.end(`crashed (${signal ?? code}): ${lastError(printed)}`),
    );
    this.#child.on('message', ({ id, result, problem }) => {
      const { resolve, reject, limit } = this.#waiting.get(id);
      this.#waiting.delete(id);
      clearTimeout(limit);
      if (problem === undefined) resolve(result);
      else reject(new Error(problem));
    });
  }
}

/** The line of a stack trace that has the error. */
function lastError(printed) {
  return /^\w*Error.*$/m.exec(printed)?.[0] ?? printed.split('\n').at(-2) ?? '';
}
