import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/lib/paths.mjs';
import { table } from '../../scripts/lib/table.mjs';
import { drawCharts } from './chart.mjs';
import { markdownTable } from './format.mjs';
import { targetRows } from './targets.mjs';

const bench = join(root, 'bench');

/** Prints one part on the console. */
export function printPart({ title, tables }, tookMs, stolen) {
  for (const { caption, rows } of tables) {
    console.log(`\n${caption === undefined ? title : `${title}: ${caption}`}\n`);
    console.log(table(rows));
  }
  console.log(`\n(${(tookMs / 1_000).toFixed(1)} s; stolen by the host: ${stolen})`);
}

export function printTargets(parts) {
  console.log(`\nTo reach\n\n${table(targetRows(figuresOf(parts)))}`);
}

/** Writes RESULTS.md and the chart of a full run. */
export function writeResults(parts, machine, { tookMs, stolen }) {
  writeFileSync(join(bench, 'results.svg'), drawCharts(parts.flatMap(({ charts = [] }) => charts)));
  const sections = parts.flatMap(({ title, intro, tables }) => [
    `## ${title}`,
    intro,
    ...tables.flatMap(({ caption, rows }) => [
      ...(caption === undefined ? [] : [`### ${caption}`]),
      markdownTable(rows),
    ]),
  ]);
  const text = [
    '# Results',
    `Written by \`npm run bench\` (${Math.round(tookMs / 1_000)} s); not by hand. How it measures: [README.md](README.md).`,
    'Clients and servers share one machine. Figures are medians over rounds in which all contenders take turns; ' +
      'ratios are medians of the ratios within each round. A ratio travels to other machines better than a number.',
    ...(stolen.isDisturbing
      ? [
          `**Disturbed**: the host of this virtual machine took ${stolen} of the CPU time for others meanwhile.`,
        ]
      : []),
    '![The main figures as bars](results.svg)',
    '## To reach',
    markdownTable(targetRows(figuresOf(parts))),
    ...sections,
    '## Machine',
    markdownTable([...machine, ['CPU time that the host took for others', `${stolen}`]]),
  ].join('\n\n');
  writeFileSync(join(bench, 'RESULTS.md'), `${text}\n`);
}

function figuresOf(parts) {
  return Object.assign({}, ...parts.map(({ figures }) => figures));
}
