import { AsyncLocalStorage } from 'node:async_hooks';
import { duration } from './duration.mjs';
import { isWatched, StatusLine } from './status-line.mjs';

/** A task that takes some time: its name, and its progress, if that can be counted. */
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

  /** The finished part, from 0 to 1. Undefined if nobody counts. */
  get fraction() {
    if (this.#totalMs !== undefined) return Math.min(1, this.elapsedMs / this.#totalMs);
    return this.#total === 0 ? undefined : Math.min(1, this.#done / this.#total);
  }

  /** Sets the progress. `unit` is the counted thing, in the plural. */
  count(done, total, unit) {
    [this.#done, this.#total, this.#unit] = [done, total, unit];
    // The line is drawn even if the work does not let timers run.
    line.refresh();
  }

  /** From now on, the progress is the time that has passed. */
  countTime(totalMs) {
    this.#startedAt = performance.now();
    this.#totalMs = totalMs;
  }

  /** Shows a detail of the present work. */
  say(detail) {
    this.#detail = ` ${detail},`;
    line.refresh();
  }

  /** The time that is left, if it can be estimated: `about 7 s left`. */
  get left() {
    const fraction = this.fraction ?? 0;
    if (fraction === 0) return '';
    return `about ${duration((this.elapsedMs / fraction) * (1 - fraction))} left`;
  }

  /** True if somebody sees the line. Else the progress needs lines of its own. */
  get isSeen() {
    return isWatched();
  }

  /** Adds one to the progress. */
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

/** Shows on the terminal that this goes on, for as long as `work` takes. A part of a task replaces the task. */
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

/** Puts `text(tasks)` in front of the tasks, instead of the time that a single task still needs. */
export function setHeadline(text) {
  headline = text;
}

function leftOfTasks([only, ...others]) {
  return others.length === 0 ? only.left : '';
}
