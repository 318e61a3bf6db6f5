import { say, showLane } from './lanes.mjs';
import { inProgress, setHeadline } from './progress.mjs';

/** Counts what passed and failed in all steps, and ends the run with one line that tells it. */
export class Tally {
  passed = 0;
  failed = 0;
  skipped = 0;
  #problems = [];
  #timetable;

  /** @param timetable tells the progress of the run, and the time that is left */
  constructor(timetable) {
    this.#timetable = timetable;
    if (timetable !== undefined) setHeadline(() => String(timetable));
  }

  /** Runs one check: `work` returns `{ ok, problem }`. Returns true if it passed. */
  async step(name, work) {
    const { ok, problem } = await this.#timed(name, work);
    if (ok) this.passed += 1;
    else this.#fail(1, `${name}: ${problem}`);
    return ok;
  }

  /**
   * Runs a check of something that may be impossible on this machine. Then it counts as skipped, and not as
   * failed.
   */
  async stepOrSkip(name, work) {
    const { ok, problem, hasCrashed } = await this.#timed(name, work);
    if (ok) this.passed += 1;
    else if (hasCrashed) this.#fail(1, `${name}: ${problem}`);
    else this.#skip(1, `${name}: ${problem}`);
    return ok;
  }

  /** Runs many checks: `work` returns `{ passed, failed, skipped, problem }`. */
  async suite(name, work) {
    const { passed, failed, skipped, problem } = await this.#timed(name, work);
    this.passed += passed;
    if (failed > 0) this.#fail(failed, `${name}: ${failed} failed (${problem})`);
    if (skipped > 0) this.#skip(skipped, `${name}: ${problem ?? `${skipped} skipped`}`);
  }

  finish() {
    if (this.#problems.length > 0) console.log(`\n${this.#problems.join('\n')}`);
    const skipped = this.skipped === 0 ? '' : `, ${this.skipped} skipped`;
    console.log(`\n${this.passed} passed, ${this.failed} failed${skipped}`);
    // A step that failed may have ended early, so such a run is not saved.
    if (this.failed === 0) this.#timetable?.save();
    process.exitCode = this.failed === 0 ? 0 : 1;
  }

  async #timed(name, work) {
    say(`\n▸ ${name}`);
    const start = performance.now();
    this.#timetable?.begin(name);
    const result = await inProgress(name, () => outcomeOf(work));
    this.#timetable?.end(name);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    say(`  ${name}: ${seconds} s${this.#timetable === undefined ? '' : ` (${this.#timetable})`}`);
    showLane();
    return result;
  }

  #fail(count, problem) {
    this.failed += count;
    this.#problems.push(`FAILED   ${problem}`);
  }

  #skip(count, problem) {
    this.skipped += count;
    this.#problems.push(`SKIPPED  ${problem}`);
  }
}

/** The outcome of a step. A script that throws is one failure, and the others go on. */
async function outcomeOf(work) {
  try {
    return await work();
  } catch (error) {
    const problem = error instanceof Error ? error.stack : String(error);
    return { ok: false, hasCrashed: true, passed: 0, failed: 1, skipped: 0, problem };
  }
}
