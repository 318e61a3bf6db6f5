import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const READY_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 15_000;

/** Child processes that end with this one, in every case that a process can still do something about. */
export class Processes {
  #children = new Set();

  constructor() {
    // The last resort, for an exception or process.exit: no time to ask politely.
    process.once('exit', () => {
      for (const child of this.#children) child.kill('SIGKILL');
    });
  }

  /**
   * Starts a program and waits until it prints a line that matches `ready`; returns `{ child, match, exited }`.
   * Rejects with what it printed when it ends before, or takes too long.
   */
  async start({ name, command, args, env, ready, onLine = () => {} }) {
    // A session of its own: Ctrl-C reaches this script only, which then stops the others in their order.
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#children.add(child);
    const exited = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(`ended with ${signal ?? code}`));
    });
    void exited.then(() => this.#children.delete(child));

    const match = await firstMatch(child, { name, ready, onLine, exited });
    return { child, match, exited };
  }

  /** Asks all of them to end, insists after a while, and returns when they are gone. */
  async stop() {
    await Promise.all([...this.#children].map(stopChild));
  }
}

function firstMatch(child, { name, ready, onLine, exited }) {
  return new Promise((resolve, reject) => {
    let waiting = true;
    const printed = [];
    const limit = setTimeout(() => fail(`was not ready within ${READY_LIMIT_MS / 1000} s`), READY_LIMIT_MS);

    function fail(why) {
      if (!waiting) return;
      waiting = false;
      clearTimeout(limit);
      reject(new Error([`${name} ${why}`, ...printed].join('\n  ')));
    }

    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        if (!waiting) return onLine(line);
        printed.push(line);
        const match = ready.exec(line);
        if (match === null) return;
        waiting = false;
        clearTimeout(limit);
        resolve(match);
      });
    }
    // The last lines may arrive after the news of the end.
    void exited.then((why) => setImmediate(fail, why));
  });
}

async function stopChild(child) {
  const gone = new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    child.once('exit', resolve);
    child.once('error', resolve);
  });
  const insist = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  child.kill('SIGTERM');
  await gone;
  clearTimeout(insist);
}
