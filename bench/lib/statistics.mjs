/** Simple statistics of samples. Empty lists give undefined: no figure is better than a wrong one. */

export function median(values) {
  return percentile(values, 50);
}

/** The percentile, linear between the two nearest samples. */
export function percentile(values, percent) {
  if (values.length === 0) return undefined;
  const sorted = Float64Array.from(values).sort();
  const position = (percent / 100) * (sorted.length - 1);
  const below = sorted[Math.floor(position)];
  return below + (sorted[Math.ceil(position)] - below) * (position % 1);
}

export function mean(values) {
  return values.length === 0 ? undefined : sum(values) / values.length;
}

export function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

/** This is a loop, since `Math.max(...)` cannot take a million arguments. */
export function largest(values) {
  return values.length === 0 ? undefined : values.reduce((most, value) => Math.max(most, value));
}

/** Jain's fairness index: 1 if all got the same, 1/n if one got everything. */
export function jainIndex(shares) {
  const squares = sum(shares.map((share) => share * share));
  return squares === 0 ? undefined : sum(shares) ** 2 / (shares.length * squares);
}

/** The median over rounds of one figure. */
export function medianOf(samples, figure) {
  return median(samples.map(figure).filter((value) => Number.isFinite(value)));
}

/**
 * Compares each round with the same round of the other contender. So a slow minute of the machine cancels
 * out.
 */
export function medianRatio(samples, others, figure) {
  const ratios = samples.map((sample, round) => figure(sample) / figure(others[round] ?? {}));
  return median(ratios.filter((ratio) => Number.isFinite(ratio)));
}
