import { percent, whole } from './format.mjs';

const WIDTH = 760;
const LABEL = 200;
const VALUE = 80;
const BAR = 20;
const GAP = 8;
const HEAD = 44;

/** The text has a grey between black and white. So it can be read on any background. */
const STYLE = `
  text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #737b84; }
  .title { font-size: 14px; font-weight: 600; }
  .value { font-variant-numeric: tabular-nums; }
  .us { fill: #e0234e; } .peer { fill: #8b949e; } .floor { fill: #4c8bf5; }
  @media (prefers-color-scheme: dark) { text { fill: #c9d1d9; } .peer { fill: #6e7681; } }
`;

/** Draws all charts below each other as one SVG, with bars from left to right. */
export function drawCharts(charts) {
  let top = 0;
  const parts = charts.map((chart) => {
    const part = drawChart(chart, top);
    top += heightOf(chart);
    return part;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top}" viewBox="0 0 ${WIDTH} ${top}" role="img">`,
    `<title>${escape(charts.map(({ title }) => title).join('; '))}</title>`,
    `<style>${STYLE}</style>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function drawChart({ title, bars, format, most }, top) {
  const longest = most ?? Math.max(...bars.map(({ value = 0 }) => value));
  const rows = bars.map((bar, row) => drawBar(bar, top + HEAD + row * (BAR + GAP), longest, format));
  return [`<text class="title" x="0" y="${top + 28}">${escape(title)}</text>`, ...rows].join('\n');
}

function drawBar({ label, value, kind }, y, longest, format) {
  const width = Math.max(1, Math.min(1, (value ?? 0) / longest) * (WIDTH - LABEL - VALUE));
  const text = value === undefined ? 'failed' : format === 'percent' ? percent(value) : whole(value);
  const baseline = y + BAR / 2 + 5;
  return [
    `<text x="${LABEL - 10}" y="${baseline}" text-anchor="end">${escape(label)}</text>`,
    `<rect class="${kind}" x="${LABEL}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="3"/>`,
    `<text class="value" x="${(LABEL + width + 8).toFixed(1)}" y="${baseline}">${text}</text>`,
  ].join('\n');
}

function heightOf({ bars }) {
  return HEAD + bars.length * (BAR + GAP) + 12;
}

function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
