import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { currentLane } from './lanes.mjs';
import { root } from './paths.mjs';
import { isWatched } from './status-line.mjs';

const PATIENCE_MS = 10_000;

/**
 * Runs a command in the project's folder, or in `cwd`, with its output on the terminal, or collected in the present lane.
 * `onLine` hears each line that comes through us, `onStart` the number of the process.
 *
 * Never rejects: `{ ok, problem }`, so that one failed step does not hide what the next ones would have told.
 */
export function run(command, args, { env = {}, limitMs = 480_000, cwd = root, onLine, onStart } = {}) {
  return new Promise((resolve) => {
    // A group of its own, so that a command that does not end takes its workers with it when it is killed.
    const lane = currentLane();
    const isOurs = lane !== undefined || isWatched();
    const output = isOurs ? 'pipe' : 'inherit';
    // Through a pipe, a program that would write in colours on this terminal does not know that it may.
    const colours = isWatched() && lane === undefined ? { FORCE_COLOR: '1' } : {};
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...colours, ...env },
      stdio: ['ignore', output, output],
      detached: true,
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        if (lane === undefined) process.stdout.write(text);
        else lane.text += text;
      });
      if (stream && onLine) createInterface({ input: stream }).on('line', onLine);
    }
    if (child.pid !== undefined) onStart?.(child.pid);
    const end = () => signalGroup(child, 'SIGTERM');
    const interrupt = (signal) => {
      end();
      process.exit(signal === 'SIGINT' ? 130 : 143);
    };
    let problem;
    const limit = setTimeout(() => {
      problem = `did not end within ${limitMs / 1000} s`;
      end();
      setTimeout(() => signalGroup(child, 'SIGKILL'), PATIENCE_MS).unref();
    }, limitMs);
    process.on('exit', end).on('SIGINT', interrupt).on('SIGTERM', interrupt);

    const finish = (ok, why) => {
      clearTimeout(limit);
      process.off('exit', end).off('SIGINT', interrupt).off('SIGTERM', interrupt);
      resolve({ ok, problem: problem ?? why });
    };
    child.once('error', (error) => finish(false, error.message));
    child.once('exit', (code, signal) => {
      const done = () => finish(code === 0, code === 0 ? undefined : `ended with ${signal ?? code}`);
      // What it printed last is still on its way through the pipe.
      if (!isOurs) done();
      else setTimeout(done, 100);
    });
  });
}

/** Runs one of the tools of `paths.mjs`, or any JavaScript file, on this Node. */
export function runNode(file, args, options) {
  return run(process.execPath, [file, ...args], options);
}

/** SIGTERM first: what started servers of its own needs the chance to stop them. */
function signalGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended, which is what was wanted.
  }
}
