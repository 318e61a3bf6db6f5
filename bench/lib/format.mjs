/** Shows figures for people. Undefined is a dash: not measured. */

export function whole(value) {
  return value === undefined ? '–' : Math.round(value).toLocaleString('en-US');
}

export function decimals(value, digits = 2) {
  return value === undefined ? '–' : value.toFixed(digits);
}

/** Shows more digits of small values than of large ones. */
export function milliseconds(value) {
  if (value === undefined) return '–';
  return value >= 100 ? whole(value) : value.toFixed(value >= 10 ? 1 : 2);
}

export function percent(value) {
  return value === undefined ? '–' : `${(value * 100).toFixed(1)} %`;
}

export function times(value) {
  return value === undefined ? '–' : `${value.toFixed(value >= 10 ? 1 : 2)}x`;
}

export function markdownTable(rows) {
  const line = (cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  const [head, ...body] = rows;
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...body.map(line)].join('\n');
}
