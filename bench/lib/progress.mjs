import { currentTask } from '../../scripts/lib/progress.mjs';

/** Shows what is measured now in the last line of the terminal. It shows nothing elsewhere. */
export function progress(text) {
  currentTask().say(text);
}
