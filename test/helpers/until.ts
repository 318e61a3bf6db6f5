const LONGEST_WAIT_MS = 15_000;
const LOOK_EVERY_MS = 10;

/** Waits for what must come, however long it takes within reason, and says what did not come. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  longestMs = LONGEST_WAIT_MS,
): Promise<void> {
  const deadline = performance.now() + longestMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`in vain waited until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
