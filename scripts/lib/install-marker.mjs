import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 250;
/** An installation takes about a minute. After this time its process id belongs to another process. */
const LONGEST_MS = 600_000;

/**
 * Marks that an installation runs in a folder, by a file beside node_modules. While the file is there,
 * nothing in node_modules is reliable, whatever npm noted: npm is still at work, even after its script was
 * killed, or it was interrupted.
 */
export class InstallMarker {
  #file;

  constructor(folder) {
    this.#file = join(folder, '.installing');
  }

  /** The state: `going on`, `interrupted`, or undefined if there is no marker. */
  get state() {
    const pids = this.#read();
    if (pids === undefined) return undefined;
    return pids.some(isRunning) ? 'going on' : 'interrupted';
  }

  /** Returns true if the marker is ours now. Another process may have been quicker. */
  claim() {
    if (this.state === 'interrupted') this.remove();
    try {
      writeFileSync(this.#file, String(process.pid), { flag: 'wx' });
      return true;
    } catch (error) {
      if (error.code === 'EEXIST') return false;
      throw error;
    }
  }

  /** Adds the process of npm, which goes on when this script is killed. */
  addProcess(pid) {
    writeFileSync(this.#file, `${process.pid} ${pid}`);
  }

  remove() {
    rmSync(this.#file, { force: true });
  }

  async untilOver() {
    for (let waitedMs = 0; waitedMs < LONGEST_MS && this.state === 'going on'; waitedMs += LOOK_EVERY_MS)
      await sleep(LOOK_EVERY_MS);
    if (this.state === 'going on') this.remove();
  }

  #read() {
    try {
      return readFileSync(this.#file, 'utf8').split(' ').map(Number).filter(Boolean);
    } catch {
      // There is no marker, so nobody installs.
      return undefined;
    }
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
