import { AsyncLocalStorage } from 'node:async_hooks';
import { duration } from './duration.mjs';
import { StatusLine } from './status-line.mjs';

/** One thing that takes its time: what it is called, and how far it is, where that can be counted. */
class Task {
  #startedAt = performance.now();
  #done = 0;
  #total = 0;
  #unit = '';

  constructor(name) {
    this.name = name;
  }

  get elapsedMs() {
    return performance.now() - this.#startedAt;
  }

  /** How much of it is done, from 0 to 1; undefined where nobody counts. */
  get fraction() {
    return this.#total === 0 ? undefined : Math.min(1, this.#done / this.#total);
  }

  /** `unit` is what is counted, in the plural. */
  count(done, total, unit) {
    [this.#done, this.#total, this.#unit] = [done, total, unit];
  }

  /** One more of what is counted. */
  advance() {
    this.#done += 1;
  }

  toString() {
    const count = this.#total === 0 ? '' : ` ${this.#done} of ${this.#total} ${this.#unit},`;
    return `${this.name}${count} ${duration(this.elapsedMs)}`;
  }
}

const tasks = new Set();
const current = new AsyncLocalStorage();
const line = new StatusLine();
let headline = leftOfTasks;

/** Tells on the terminal that this goes on, for as long as `work` takes. */
export async function inProgress(name, work) {
  const task = new Task(name);
  tasks.add(task);
  if (tasks.size === 1) line.show(() => [headline([...tasks]), ...tasks].filter(Boolean).join(' · '));
  try {
    return await current.run(task, work);
  } finally {
    tasks.delete(task);
    if (tasks.size === 0) line.hide();
  }
}

/** The task that the running code belongs to. */
export function currentTask() {
  return current.getStore() ?? new Task('');
}

/** Puts `text(tasks)` in front of the tasks, in the place of how long the only one takes still. */
export function setHeadline(text) {
  headline = text;
}

function leftOfTasks([only, ...others]) {
  const { fraction = 0, elapsedMs } = only;
  if (others.length > 0 || fraction === 0) return '';
  return `about ${duration((elapsedMs / fraction) * (1 - fraction))} left`;
}
