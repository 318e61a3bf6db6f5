import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { duration } from './duration.mjs';
import { cache } from './paths.mjs';

/**
 * How long the steps of a command take, from how long they took last time on this machine: also of steps that run side
 * by side.
 */
export class Timetable {
  #file;
  #last;
  #startedAt = performance.now();
  #steps = new Map();

  /** @param name of the command, with what was asked for; what was asked for otherwise takes another time */
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

  /** Remembers this run for the next one: call it when all steps were done. */
  save() {
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(this.#file, JSON.stringify({ total: this.#now(), steps: Object.fromEntries(this.#steps) }));
  }

  /** `5 of 19 steps, about 3:10 min left`; without what is not known in a first run. */
  toString() {
    const done = [...this.#steps.values()].filter(({ end }) => end !== undefined).length;
    if (this.#last === undefined) return `${done} ${done === 1 ? 'step' : 'steps'} done`;
    const all = Math.max(Object.keys(this.#last.steps).length, this.#steps.size);
    return `${done} of ${all} steps, about ${duration(this.#leftMs())} left`;
  }

  /**
   * From where we are in the last run. Of steps side by side, the one that is furthest behind tells: what comes after it
   * cannot begin earlier.
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
    // Half of a file, of a run that was killed: as if there had been none.
    return undefined;
  }
}
