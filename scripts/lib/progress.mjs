import { AsyncLocalStorage } from 'node:async_hooks';
import { duration } from './duration.mjs';
import { isWatched, StatusLine } from './status-line.mjs';

/** One thing that takes its time: what it is called, and how far it is, where that can be counted. */
class Task {
  #startedAt = performance.now();
  #done = 0;
  #total = 0;
  #unit = '';
  #totalMs;
  #detail = '';

  constructor(name) {
    this.name = name;
  }

  get elapsedMs() {
    return performance.now() - this.#startedAt;
  }

  /** How much of it is done, from 0 to 1; undefined where nobody counts. */
  get fraction() {
    if (this.#totalMs !== undefined) return Math.min(1, this.elapsedMs / this.#totalMs);
    return this.#total === 0 ? undefined : Math.min(1, this.#done / this.#total);
  }

  /** `unit` is what is counted, in the plural. */
  count(done, total, unit) {
    [this.#done, this.#total, this.#unit] = [done, total, unit];
    // Work that does not let timers run is seen all the same.
    line.refresh();
  }

  /** From now on, what is counted is time. */
  countTime(totalMs) {
    this.#startedAt = performance.now();
    this.#totalMs = totalMs;
  }

  /** What it is at. */
  say(detail) {
    this.#detail = ` ${detail},`;
    line.refresh();
  }

  /** How long it takes still, where that can be told: `about 7 s left`. */
  get left() {
    const fraction = this.fraction ?? 0;
    if (fraction === 0) return '';
    return `about ${duration((this.elapsedMs / fraction) * (1 - fraction))} left`;
  }

  /** Whether somebody sees the line; else it takes lines of their own to tell how far it is. */
  get isSeen() {
    return isWatched();
  }

  /** One more of what is counted. */
  advance() {
    this.count(this.#done + 1, this.#total, this.#unit);
  }

  toString() {
    const two = [this.#done, this.#total].map((number) => number.toLocaleString('en-US'));
    const count = this.#total === 0 ? '' : ` ${two.join(' of ')} ${this.#unit},`;
    return `${this.name}${this.#detail}${count} ${duration(this.elapsedMs)}`;
  }
}

const tasks = new Set();
const current = new AsyncLocalStorage();
const line = new StatusLine();
let headline = leftOfTasks;

/** Tells on the terminal that this goes on, for as long as `work` takes; a part of a task stands in its place. */
export async function inProgress(name, work) {
  const task = new Task(name);
  const whole = current.getStore();
  if (tasks.delete(whole)) return inPlaceOf(whole, task, work);
  tasks.add(task);
  if (tasks.size === 1) line.show(() => [headline([...tasks]), ...tasks].filter(Boolean).join(' · '));
  try {
    return await current.run(task, work);
  } finally {
    tasks.delete(task);
    if (tasks.size === 0) line.hide();
  }
}

async function inPlaceOf(whole, part, work) {
  tasks.add(part);
  try {
    return await current.run(part, work);
  } finally {
    tasks.delete(part);
    tasks.add(whole);
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
  return others.length === 0 ? only.left : '';
}
