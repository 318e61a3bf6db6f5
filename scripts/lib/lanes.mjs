import { AsyncLocalStorage } from 'node:async_hooks';

const lanes = new AsyncLocalStorage();

/**
 * Does all of `works` at the same time. The first has the terminal; what the others print comes in one piece when a step
 * of theirs is done.
 */
export async function sideBySide(first, ...works) {
  await Promise.all([first(), ...works.map((work) => lanes.run({ text: '' }, work))]);
}

/** Where output goes now: undefined is the terminal, else `lane.text` collects it. */
export function currentLane() {
  return lanes.getStore();
}

/** A line of our own, in its place among the output of the commands. */
export function say(line) {
  const lane = currentLane();
  if (lane === undefined) console.log(line);
  else lane.text += `${line}\n`;
}

/** Prints what was collected. */
export function showLane() {
  const lane = currentLane();
  if (lane === undefined) return;
  process.stdout.write(lane.text);
  lane.text = '';
}
