import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../../scripts/lib/paths.mjs';
import { decimals, whole } from '../lib/format.mjs';
import { snapshot } from '../lib/library.mjs';
import { progress } from '../lib/progress.mjs';
import { medianOf } from '../lib/statistics.mjs';

/** Runs in a process of its own: loads the peers, then the library, and tells the cost of the second step. */
const LOAD = `
  const { statSync } = require('node:fs');
  const from = require('node:module').createRequire(${JSON.stringify(join(root, 'package.json'))});
  for (const peer of ['reflect-metadata', 'rxjs', 'ioredis', '@nestjs/common', '@nestjs/core']) from(peer);
  const before = new Set(Object.keys(require.cache));
  const [began, cpuBefore] = [performance.now(), process.cpuUsage()];
  require(process.argv[1]);
  const [ms, { user, system }] = [performance.now() - began, process.cpuUsage(cpuBefore)];
  const files = Object.keys(require.cache).filter((file) => !before.has(file));
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  console.log(JSON.stringify({ ms, cpuMs: (user + system) / 1_000, files: files.length, bytes }));
`;

/** Measures the cost of `require` beyond the peers, which an application loads anyway. */
async function importing({ quick }) {
  const rounds = quick ? 3 : 15;
  const file = process.env.BENCH_DIST ?? join(snapshot, 'index.js');
  const samples = [];
  for (let round = 0; round < rounds; round += 1) {
    progress(`import: round ${round + 1}`);
    samples.push(JSON.parse(execFileSync(process.execPath, ['-e', LOAD, file], { encoding: 'utf8' })));
  }
  const ms = medianOf(samples, (sample) => sample.ms);
  const { files, bytes } = samples[0];
  return {
    title: 'Import',
    intro: `The root entry, loaded ${rounds} times by a new process each, after its peers (NestJS, rxjs, ioredis).`,
    tables: [
      {
        rows: [
          ['', 'measured'],
          ['time', `${decimals(ms, 1)} ms`],
          [
            'CPU',
            `${decimals(
              medianOf(samples, (sample) => sample.cpuMs),
              1,
            )} ms`,
          ],
          ['files', whole(files)],
          ['size', `${whole(bytes / 1_000)} kB`],
        ],
      },
    ],
    figures: { 'import.ms': ms, 'import.files': files },
  };
}

export { importing as import };
