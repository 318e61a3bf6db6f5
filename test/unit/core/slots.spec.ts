import { agreedSlots, areSlots, mostGiven, straySlots } from '../../../lib/core/slots';

describe('slots', () => {
  it.each<[string, (readonly number[] | undefined)[], number, readonly number[] | undefined]>([
    ['one node', [[2]], 1, [2]],
    ['a majority', [[2], [1], [2]], 2, [2]],
    ['several at once, in any order', [[2, 0], [0, 2], undefined], 2, [0, 2]],
    ['as many grants, of different slots', [[0], [1], [2]], 2, undefined],
    [
      'a slot of several in common',
      [
        [0, 1],
        [1, 2],
        [0, 2],
      ],
      2,
      undefined,
    ],
    ['nothing', [undefined, undefined], 1, undefined],
  ])('are agreed on by %s', (_, given, quorum, slots) => {
    expect(agreedSlots(given, quorum)).toEqual(slots);
  });

  it('never are agreed on by fewer nodes than the quorum, in any split of three permits over five nodes', () => {
    for (let split = 0; split < 3 ** 5; split++) {
      const given = Array.from({ length: 5 }, (_, node) => [Math.floor(split / 3 ** node) % 3]);
      const counts = [0, 1, 2].map((slot) => given.filter(([one]) => one === slot).length);
      const winner = counts.findIndex((count) => count >= 3);

      expect(agreedSlots(given, 3)).toEqual(winner === -1 ? undefined : [winner]);
    }
  });

  it.each<[(readonly number[] | undefined)[], number, readonly number[] | undefined]>([
    [[[4], [4], [1]], 1, [4]],
    [[[4], [1], [3]], 1, [1]],
    [
      [
        [0, 1],
        [1, 2],
        [1, 3],
      ],
      2,
      [0, 1],
    ],
    [[[0], undefined], 2, undefined],
  ])('are asked for once more as most nodes gave them, the lower of as many: %j', (given, permits, slots) => {
    expect(mostGiven(given, permits)).toEqual(slots);
  });

  it('are stray where a node gave others than are held', () => {
    expect(straySlots([0, 3], [3, 4])).toEqual([0]);
    expect(straySlots(undefined, [3])).toEqual([]);
  });

  it.each<[unknown, boolean]>([
    [[0, 2], true],
    [[0], false],
    [[0, 0], false],
    [[0, 5], false],
    [[-1, 0], false],
    [[0.5, 1], false],
    ['01', false],
    [undefined, false],
  ])('are what a node may give: %j is %p', (slots, isRight) => {
    expect(areSlots(slots, 2, 5)).toBe(isRight);
  });
});
