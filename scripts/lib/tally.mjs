import { say, showLane } from './lanes.mjs';
import { inProgress, setHeadline } from './progress.mjs';

/** Counts what passed and failed over all steps, and ends the run with one line that says it. */
export class Tally {
  passed = 0;
  failed = 0;
  skipped = 0;
  #problems = [];
  #timetable;

  /** @param timetable tells how far the run is, and how long it takes still */
  constructor(timetable) {
    this.#timetable = timetable;
    if (timetable !== undefined) setHeadline(() => String(timetable));
  }

  /** One check: `work` returns `{ ok, problem }`. Returns whether it passed. */
  async step(name, work) {
    const { ok, problem } = await this.#timed(name, work);
    if (ok) this.passed += 1;
    else this.#fail(1, `${name}: ${problem}`);
    return ok;
  }

  /** For what the machine may not be able to have: then it is skipped, and not failed. */
  async stepOrSkip(name, work) {
    const { ok, problem, hasCrashed } = await this.#timed(name, work);
    if (ok) this.passed += 1;
    else if (hasCrashed) this.#fail(1, `${name}: ${problem}`);
    else this.#skip(1, `${name}: ${problem}`);
    return ok;
  }

  /** Many checks: `work` returns `{ passed, failed, skipped, problem }`. */
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
    // What failed may have ended early.
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

/** A script that fails by itself is one failure, and the others go on. */
async function outcomeOf(work) {
  try {
    return await work();
  } catch (error) {
    const problem = error instanceof Error ? error.stack : String(error);
    return { ok: false, hasCrashed: true, passed: 0, failed: 1, skipped: 0, problem };
  }
}
