// `npm run test:matrix`: tests that depend on versions, on all majors of Nest, ioredis and Node. It takes
// long.
// `npm run test:matrix -- --nest 11 --ioredis 5 --node 24`: one cell of it.
// `npm run test:matrix -- --runtime bun,deno,vitest`: an application on another runtime.
import { dirname } from 'node:path';
import { ensureBuilt } from './lib/build.mjs';
import { ensureFolders, runOn, specsForTheMatrix } from './lib/compat.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { foldersOf, readCells } from './lib/matrix-cells.mjs';
import { applySkips } from './lib/matrix-skips.mjs';
import { ensureNode } from './lib/other-node.mjs';
import { ensureRedisServer } from './lib/redis-binary.mjs';
import { runOnRuntime } from './lib/runtimes.mjs';
import { ensureSample } from './lib/sample.mjs';
import { inProgress, setHeadline } from './lib/progress.mjs';
import { table } from './lib/table.mjs';
import { Timetable } from './lib/timetable.mjs';

const rows = [['', 'passed', 'failed', 'skipped', 'seconds', '']];
const reasons = new Set();
const timetable = new Timetable(['test-matrix', ...process.argv.slice(2)].join(' '));
let failed = 0;

try {
  const cells = readCells(process.argv.slice(2));
  for (const prepare of [ensureDependencies, ensureRedisServer, ensureBuilt, ensureSample])
    await must(prepare());
  setHeadline(() => String(timetable));
  for (const [at, cell] of cells.entries()) {
    console.log(`\n▸ ${titleOf(cell)} (${at + 1} of ${cells.length})`);
    await runCell(cell);
    console.log(`\n${table(rows)}\n${timetable}`);
  }
  timetable.save();
  for (const reason of reasons) console.log(`Skipped: ${reason}.`);
  console.log(failed === 0 ? '\nAll of them passed.' : `\n${failed} of ${cells.length} failed.`);
} catch (error) {
  console.error(error.message);
  failed += 1;
}
process.exitCode = failed === 0 ? 0 : 1;

/** Runs one row of the table. A cell that cannot be installed has failed, and the others still run. */
async function runCell(cell) {
  const start = performance.now();
  timetable.begin(titleOf(cell));
  const result = await inProgress(titleOf(cell), () => testCell(cell));
  timetable.end(titleOf(cell));
  const seconds = Math.round((performance.now() - start) / 1000);
  if (result.failed > 0) failed += 1;
  rows.push([
    titleOf(cell),
    ...[result.passed, result.failed, result.skipped, seconds],
    result.failed > 0 ? 'FAILED' : 'ok',
  ]);
}

async function testCell(cell) {
  if (cell.runtime !== undefined) return runOnRuntime(cell.runtime);
  const folders = foldersOf(cell);
  const installed = await ensureFolders(folders);
  if (!installed.ok) return broken(installed.problem);
  const { program, problem } = await ensureNode(cell.node);
  if (program === undefined) return broken(problem);

  const { specs, skipped } = applySkips(cell, specsForTheMatrix());
  skipped.forEach((reason) => reasons.add(reason));
  // So the programs that specs start as `node` have the same version.
  const env = { PATH: `${dirname(program)}:${process.env.PATH}` };
  const name = `nest${cell.nest}-ioredis${cell.ioredis}-node${cell.node}`;
  const result = await runOn(folders, specs, { name, hasRedis: true, node: program, env });
  return { ...result, skipped: result.skipped + skipped.length };
}

function broken(problem) {
  console.error(problem);
  return { passed: 0, failed: 1, skipped: 0 };
}

function titleOf({ nest, ioredis, node, runtime }) {
  if (runtime !== undefined) return `an application on ${runtime}`;
  return `Nest ${nest}, ioredis ${ioredis}, Node ${node}`;
}

async function must(step) {
  const { ok, problem } = await step;
  if (!ok) throw new Error(problem);
}
