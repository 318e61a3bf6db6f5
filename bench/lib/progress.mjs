import { currentTask } from '../../scripts/lib/progress.mjs';

/** What is measured now: a part of the last line of the terminal, and nothing elsewhere. */
export function progress(text) {
  currentTask().say(text);
}
