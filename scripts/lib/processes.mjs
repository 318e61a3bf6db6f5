import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const READY_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 15_000;
const REMOVALS = 20;
const REMOVE_AGAIN_MS = 50;
const USUAL_SIGNALS = { politely: 'SIGTERM', atOnce: 'SIGKILL' };

/** Child processes that end with this one, in every case in which this process can still act. */
export class Processes {
  /** The child processes, each with the signals that end it. */
  #children = new Map();
  #folders = [];

  constructor() {
    // This is the last resort, after an exception or process.exit. There is no time for a polite signal.
    process.once('exit', () => {
      for (const [child, { atOnce }] of this.#children) child.kill(atOnce);
      for (const folder of this.#folders) removeFolder(folder);
    });
  }

  /** Makes a temporary folder, which is removed when this process ends. */
  makeFolder(prefix) {
    const folder = mkdtempSync(join(tmpdir(), prefix));
    this.#folders.push(folder);
    return folder;
  }

  /**
   * Starts a program and waits until it prints a line that matches `ready`. Returns
   * `{ child, match, exited }`. If it ends before that, or takes too long, this rejects with its output.
   *
   * @param user `{ uid, gid }`: another user than that of this process
   * @param signals the signals that end it, politely and at once
   * @param onMessage for a program of Node, which then has `process.send`
   */
  async start({ name, command, args, ready, onLine = () => {}, ...more }) {
    const { env, cwd, user = {}, signals = {}, onMessage } = more;
    // The child has a session of its own: Ctrl-C reaches only this script, which then stops the others in
    // order.
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', ...(onMessage ? ['ipc'] : [])],
      detached: true,
      cwd,
      ...user,
    });
    this.#children.set(child, { ...USUAL_SIGNALS, ...signals });
    if (onMessage) child.on('message', (message) => onMessage(message, child));
    const exited = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(`ended with ${signal ?? code}`));
    });
    void exited.then(() => this.#children.delete(child));

    const match = await firstMatch(child, { name, ready, onLine, exited });
    return { child, match, exited };
  }

  /** Asks all of them to end, kills them after a while, and returns when they have ended. */
  async stop() {
    await Promise.all([...this.#children].map(([child, { politely }]) => stopChild(child, politely)));
  }
}

/**
 * Removes a folder in which the last processes may still be about to end, and remove files too. From Node 24 on, `rmSync`
 * takes a file that is gone meanwhile for the end of its work, and leaves the rest.
 */
function removeFolder(folder) {
  for (let attempt = 1; attempt <= REMOVALS && existsSync(folder); attempt += 1) {
    if (attempt > 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, REMOVE_AGAIN_MS);
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // A file was made in it meanwhile.
    }
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
    // The last lines may arrive after the event of the end.
    void exited.then((why) => setImmediate(fail, why));
  });
}

async function stopChild(child, signal) {
  const gone = new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    child.once('exit', resolve);
    child.once('error', resolve);
  });
  const insist = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  child.kill(signal);
  await gone;
  clearTimeout(insist);
}
