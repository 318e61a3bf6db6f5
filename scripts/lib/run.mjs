import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { currentLane } from './lanes.mjs';
import { root } from './paths.mjs';
import { isWatched } from './status-line.mjs';

const PATIENCE_MS = 10_000;

/**
 * Runs a command in the project's folder, or in `cwd`. Its output goes to the terminal, or to the present
 * lane. `onLine` gets each line that passes through this process, `onStart` the process id.
 *
 * It never rejects: it returns `{ ok, problem }`, so that the steps after a failed one still run.
 */
export function run(command, args, { env = {}, limitMs = 480_000, cwd = root, onLine, onStart } = {}) {
  return new Promise((resolve) => {
    // The command has a process group of its own. So its workers end too when it has to be killed.
    const lane = currentLane();
    const isOurs = lane !== undefined || isWatched();
    const output = isOurs ? 'pipe' : 'inherit';
    // A program that writes to a pipe does not know that the terminal supports colours.
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
      // The last output may still be on its way through the pipe.
      if (!isOurs) done();
      else setTimeout(done, 100);
    });
  });
}

/** Runs one of the tools of `paths.mjs`, or any JavaScript file, on this Node. */
export function runNode(file, args, options) {
  return run(process.execPath, [file, ...args], options);
}

/** SIGTERM comes first: a program that started servers needs the chance to stop them. */
function signalGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The process has ended, which is what was wanted.
  }
}
