import { AsyncLocalStorage } from 'node:async_hooks';

const lanes = new AsyncLocalStorage();

/**
 * Does all of `works` at the same time. The first one writes to the terminal. The output of the others is
 * printed in one piece when a step of theirs is done.
 */
export async function sideBySide(first, ...works) {
  await Promise.all([first(), ...works.map((work) => lanes.run({ text: '' }, work))]);
}

/** The lane of the running code. Undefined means the terminal, else `lane.text` collects the output. */
export function currentLane() {
  return lanes.getStore();
}

/** Prints a line of ours in its place among the output of the commands. */
export function say(line) {
  const lane = currentLane();
  if (lane === undefined) console.log(line);
  else lane.text += `${line}\n`;
}

/** Prints the output that was collected. */
export function showLane() {
  const lane = currentLane();
  if (lane === undefined) return;
  process.stdout.write(lane.text);
  lane.text = '';
}
