// `npm run bench`: measures everything, and writes RESULTS.md. `npm run bench -- contended held`: only these
// parts, printed only. `--quick`: fewer and shorter rounds, printed only.
import { stopOnSignal } from '../scripts/lib/stop-on-signal.mjs';
import { prepare } from './lib/prepare.mjs';

const PARTS = [
  ...[
    'one-redis',
    'uncontended',
    'contended',
    'handover',
    'network',
    'stalled',
    'waiting',
    'hot-key',
    'held',
    'decorator',
    'import',
  ],
  ...['shared', 'permits', 'fair'],
];

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
  // This is loaded only after the peers are installed.
  const { machineRows } = await import('./lib/machine.mjs');
  const { measureParts } = await import('./lib/measure-parts.mjs');
  const { printTargets, writeResults } = await import('./lib/report.mjs');
  const quick = flags.includes('--quick');
  const wanted = names.length === 0 ? PARTS : PARTS.filter((part) => names.includes(part));
  const machine = machineRows();
  const { results, tookMs, stolen } = await measureParts(wanted, { quick });
  printTargets(results);
  console.log(`\nTook ${Math.round(tookMs / 1_000)} s; the host took ${stolen} of the CPU time for others.`);
  if (stolen.isDisturbing) console.log('That is too much to tell anything: measure again when it is less.');
  if (quick || wanted.length < PARTS.length) return;
  writeResults(results, machine, { tookMs, stolen });
  console.log('Written: bench/RESULTS.md, bench/results.svg');
}
