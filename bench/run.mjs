// `npm run bench`: everything, and RESULTS.md. `npm run bench -- contended held`: these parts alone, printed only.
// `--quick`: fewer and shorter rounds, printed only.
import { stopOnSignal } from '../scripts/lib/stop-on-signal.mjs';
import { prepare } from './lib/prepare.mjs';

/** No part is measured again that would end after this time. */
const LONGEST_MS = 570_000;

const PARTS = ['uncontended', 'contended', 'handover', 'stalled', 'held', 'decorator'];

const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const unknown = [
  ...flags.filter((flag) => flag !== '--quick'),
  ...names.filter((name) => !PARTS.includes(name)),
];
if (unknown.length > 0) {
  console.error(`No part ${unknown.join(', ')}. There are: ${PARTS.join(', ')}; and --quick.`);
  process.exit(1);
}

// Every server has a listener for the end of this process.
process.setMaxListeners(100);
// Servers and clients end with this process.
stopOnSignal(async () => {});
try {
  await prepare();
  await runParts();
} catch (error) {
  console.error(`\n${error.message}`);
  process.exitCode = 1;
}
process.exit();

async function runParts() {
  // Not before the peers are installed.
  const { machineRows } = await import('./lib/machine.mjs');
  const { printTargets, writeResults } = await import('./lib/report.mjs');
  const { StolenTime } = await import('./lib/stolen-time.mjs');
  const quick = flags.includes('--quick');
  const wanted = names.length === 0 ? PARTS : PARTS.filter((part) => names.includes(part));
  const machine = machineRows();
  const start = performance.now();

  const measured = [];
  for (const name of wanted) measured.push(await measurePart(name, { quick }));
  if (!quick) await measureDisturbedAgain(measured, start);
  const results = measured.map(({ result }) => result);
  printTargets(results);
  const tookMs = performance.now() - start;
  const stolen = StolenTime.inAll(measured.map((part) => part.stolen));
  console.log(`\nTook ${Math.round(tookMs / 1_000)} s; the host took ${stolen} of the CPU time for others.`);
  if (stolen.isDisturbing) console.log('That is too much to tell anything: measure again when it is less.');
  if (quick || wanted.length < PARTS.length) return;
  writeResults(results, machine, { tookMs, stolen });
  console.log('Written: bench/RESULTS.md, bench/results.svg');
}

async function measurePart(name, { quick }) {
  const { printPart } = await import('./lib/report.mjs');
  const { progressDone } = await import('./lib/progress.mjs');
  const { StolenTime } = await import('./lib/stolen-time.mjs');
  const part = await import(`./parts/${name}.mjs`);
  const began = performance.now();
  const stolen = new StolenTime();
  const result = await part[name]({ quick });
  stolen.stop();
  const tookMs = performance.now() - began;
  progressDone();
  printPart(result, tookMs, stolen);
  return { name, result, tookMs, stolen };
}

/**
 * Those from which the host took time, each once, the most disturbed first, as far as there is time. The calmer
 * measurement counts, whatever it says.
 */
async function measureDisturbedAgain(measured, start) {
  const disturbed = measured.filter(({ stolen }) => stolen.isDisturbing);
  for (const before of disturbed.sort((a, b) => b.stolen.share - a.stolen.share)) {
    if (performance.now() - start + before.tookMs > LONGEST_MS) continue;
    console.log(`\nOnce more, since the host took ${before.stolen} of its time: ${before.name}`);
    const again = await measurePart(before.name, { quick: false });
    if (again.stolen.share < before.stolen.share) measured[measured.indexOf(before)] = again;
  }
}
