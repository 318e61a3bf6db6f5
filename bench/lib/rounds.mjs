import { countStolenTime } from './stolen-time.mjs';

/** The longest time for taking samples again. */
const EXTRA_MS = 10_000;

/**
 * Measures all contenders in turns, ABBA: A B, B A, A B … If the machine is slow for a while, that affects
 * all of them alike, and no contender always goes first.
 *
 * `measure(contender, round)` returns a sample, `{ failed: why }`, or undefined to leave out a round. A
 * contender that has failed once is left out of the other rounds. A sample from which the host took time is
 * taken again, for every contender, while there is time. Returns a map from contender to
 * `{ samples, failed }`.
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

/** The candidate with the largest median of `figure`. Undefined if none has one. */
export function bestBy(results, candidates, medianOfFigure) {
  return candidates
    .filter((candidate) => medianOfFigure(results.get(candidate)) !== undefined)
    .sort((a, b) => medianOfFigure(results.get(b)) - medianOfFigure(results.get(a)))[0];
}
