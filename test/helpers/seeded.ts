import fc from 'fast-check';

/**
 * The same cases in every run, so that a failure is never a surprise of the day; `PROPERTY_SEED=7` looks elsewhere, and
 * `PROPERTY_RUNS=50` for fifty times as long. fast-check tells the seed and the path to the smallest case that fails.
 */
export function seeded<T>(numRuns: number): fc.Parameters<T> {
  const { PROPERTY_SEED = '1', PROPERTY_RUNS = '1' } = process.env;
  return { seed: Number(PROPERTY_SEED), numRuns: numRuns * Number(PROPERTY_RUNS) };
}
