import { writeFileSync } from 'node:fs';

/**
 * A reporter of jest that writes the number of tests so far into the file that TALLY_FILE names, after each spec. So the
 * tests of a run that has to be stopped are counted too.
 */
export default class TallyReporter {
  onTestResult(_test, _result, { numPassedTests, numFailedTests, numPendingTests }) {
    const tally = { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests };
    writeFileSync(process.env.TALLY_FILE, JSON.stringify(tally));
  }
}
