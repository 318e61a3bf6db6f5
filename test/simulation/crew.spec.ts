import { Crew, STRETCH_SEEDS, type StretchRunner } from './crew';
import type { BrokenHistory, StretchResult } from './stretch';

const violation = { invariant: 'one holder', atMs: 1, what: 'two have it' } as const;

/** Histories that go wrong at these seeds; a stretch takes as many turns of the event loop as `turns` says. */
function runnerOf(wrong: readonly number[], turns: (from: number) => number): StretchRunner {
  return async ({ from, count, isWhole }): Promise<StretchResult> => {
    for (let turn = 0; turn < turns(from); turn++) await new Promise(setImmediate);
    const all = wrong
      .filter((seed) => seed >= from && seed < from + count)
      .map((seed): BrokenHistory => ({ seed, kind: 'calm', violation }));
    return { done: count, broken: isWhole ? all : all.slice(0, 1), brokenAnyway: [], seen: new Map() };
  };
}

/** The first stretches take the longest, so that all others are done before. */
const firstIsLast = (from: number) => 50 - Math.min(49, from / STRETCH_SEEDS);

describe('a search with several runners', () => {
  it.each([1, 2, 7])('finds the smallest seed, with %i', async (size) => {
    const crew = new Crew(Array.from({ length: size }, () => runnerOf([35, 12, 61], firstIsLast)));

    expect((await crew.search({ from: 1, count: 1_000 }))?.seed).toBe(12);
  });

  it('finds it where another one has found something before, which comes later', async () => {
    const slow = runnerOf([2], () => 20);
    const quick = runnerOf([15], () => 0);

    expect((await new Crew([slow, quick]).search({ from: 1, count: 100 }))?.seed).toBe(2);
  });

  it('runs each seed once, up to the last, and tells of them in order', async () => {
    const froms: number[] = [];
    const run = runnerOf([35, 12, 61], firstIsLast);
    const runner: StretchRunner = (stretch) => {
      for (let seed = 0; seed < stretch.count; seed++) froms.push(stretch.from + seed);
      return run(stretch);
    };
    const told: number[] = [];
    let done = 0;

    const first = await new Crew([runner, runner, runner]).search({
      ...{ from: 5, count: 93, isWhole: true },
      onResult: (result) => {
        done += result.done;
        told.push(...result.broken.map(({ seed }) => seed));
      },
    });

    expect({ first, told, done }).toEqual({ first: undefined, told: [12, 35, 61], done: 93 });
    expect(froms).toEqual(Array.from({ length: 93 }, (_, index) => index + 5));
  });

  it('runs nothing any more when it is over', async () => {
    let stretches = 0;
    const runner: StretchRunner = (stretch) => {
      stretches += 1;
      return runnerOf([], () => 1)(stretch);
    };

    await new Crew([runner]).search({ from: 1, count: Infinity, isOver: () => stretches === 3 });

    expect(stretches).toBe(3);
  });

  it('fails with what a runner fails with', async () => {
    const crew = new Crew([runnerOf([], () => 1), () => Promise.reject(new Error('it ended'))]);

    await expect(crew.search({ from: 1, count: 1_000 })).rejects.toThrow('it ended');
  });
});
