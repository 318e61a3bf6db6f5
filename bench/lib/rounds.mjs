import { countStolenTime } from './stolen-time.mjs';

/** For so long, at most, samples are taken again. */
const EXTRA_MS = 10_000;

/**
 * Measures all contenders in turns, ABBA: A B, B A, A B … What slows the machine down for a while then hits all of
 * them alike, and nobody always goes first.
 *
 * `measure(contender, round)` gives a sample, `{ failed: why }`, or undefined to leave out a round; who failed once sits
 * out the rest. A sample from which the host took time away is taken again, whoever it is of, as long as there is time.
 * Returns a map from contender to `{ samples, failed }`.
 */
export async function interleave(contenders, rounds, measure) {
  const results = new Map(contenders.map((contender) => [contender, { samples: [], failed: undefined }]));
  let extraMs = EXTRA_MS;
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
      const result = results.get(contender);
      if (result.failed !== undefined) continue;
      let taken = await watch(() => measure(contender, round));
      while (taken.isDisturbed && extraMs > 0 && taken.sample?.failed === undefined) {
        taken = await watch(() => measure(contender, round));
        extraMs -= taken.tookMs;
      }
      const { sample } = taken;
      if (sample?.failed === undefined) result.samples.push(sample);
      else result.failed = sample.failed;
    }
  }
  return results;
}

async function watch(measure) {
  const stolen = countStolenTime();
  const start = performance.now();
  const sample = await measure();
  return { sample, isDisturbed: stolen().isDisturbing, tookMs: performance.now() - start };
}

/** Of `candidates`, who has the largest median of `figure`; undefined when nobody has one. */
export function bestBy(results, candidates, medianOfFigure) {
  return candidates
    .filter((candidate) => medianOfFigure(results.get(candidate)) !== undefined)
    .sort((a, b) => medianOfFigure(results.get(b)) - medianOfFigure(results.get(a)))[0];
}
