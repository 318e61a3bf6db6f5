import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { duration } from './duration.mjs';
import { cache } from './paths.mjs';

/**
 * Estimates how long the steps of a command take, from their last times on this machine. Steps may run side
 * by side.
 */
export class Timetable {
  #file;
  #last;
  #startedAt = performance.now();
  #steps = new Map();

  /** @param name the name of the command with its arguments, since other arguments need another time */
  constructor(name, folder = join(cache, 'timetables')) {
    this.#file = join(folder, `${name.replaceAll(/[^\w-]+/g, '_')}.json`);
    this.#last = read(this.#file);
  }

  begin(step) {
    this.#steps.set(step, { start: this.#now() });
  }

  end(step) {
    this.#steps.get(step).end = this.#now();
  }

  /** Saves the times of this run. Call it when all steps are done. */
  save() {
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(this.#file, JSON.stringify({ total: this.#now(), steps: Object.fromEntries(this.#steps) }));
  }

  /** The progress as text: `5 of 19 steps, about 3:10 min left`. In a first run, unknown parts are left out. */
  toString() {
    const done = [...this.#steps.values()].filter(({ end }) => end !== undefined).length;
    if (this.#last === undefined) return `${done} ${done === 1 ? 'step' : 'steps'} done`;
    const all = Math.max(Object.keys(this.#last.steps).length, this.#steps.size);
    return `${done} of ${all} steps, about ${duration(this.#leftMs())} left`;
  }

  /**
   * The time that is left, from the position in the last run. Of steps side by side, the one that is furthest
   * behind counts, since the next step cannot begin earlier.
   */
  #leftMs() {
    const positions = { running: [], done: [0] };
    for (const [step, { start, end }] of this.#steps) {
      const last = this.#last.steps[step];
      if (last === undefined) continue;
      if (end === undefined) positions.running.push(Math.min(last.start + this.#now() - start, last.end));
      else positions.done.push(last.end);
    }
    const { running, done } = positions;
    return this.#last.total - (running.length > 0 ? Math.min(...running) : Math.max(...done));
  }

  #now() {
    return performance.now() - this.#startedAt;
  }
}

function read(file) {
  try {
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  } catch {
    // The file is incomplete, since its run was killed. It counts as missing.
    return undefined;
  }
}
