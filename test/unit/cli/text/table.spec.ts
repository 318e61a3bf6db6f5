import { showMs } from '../../../../lib/cli/text/show';
import { table } from '../../../../lib/cli/text/table';

describe('a table', () => {
  it('aligns its columns', () => {
    expect(
      table(
        ['NAME', 'HOLDER'],
        [
          ['a', 'anna'],
          ['longer', 'ben'],
        ],
      ),
    ).toBe('NAME    HOLDER\na       anna\nlonger  ben');
  });

  it('has no spaces at the end of a line, and only its heading without rows', () => {
    expect(table(['A', 'B'], [['x', '']])).toBe('A  B\nx');
    expect(table(['A', 'B'], [])).toBe('A  B');
  });

  it('shortens what is too long in its middle, and cuts no character in two', () => {
    expect(table(['A', 'B'], [['abcdefgh', 'abcde']], 5)).toBe('A      B\nab…gh  abcde');
    expect(table(['A'], [['abcdefgh']], 4)).toBe('A\nab…h');
    expect(table(['A'], [['😀😀😀😀😀😀']], 5)).toBe('A\n😀😀…😀😀');
    expect(table(['A'], [['😀😀😀😀😀']], 5)).toBe('A\n😀😀😀😀😀');
    expect(table(['A'], [['\u001babcdefgh']], 9)).toBe('A\n\\u00…efgh');
  });

  it('lets no control character reach the terminal', () => {
    expect(table(['A'], [['\u001b[2Jx\ny\u202e']])).toBe('A\n\\u001b[2Jx\\u000ay\\u202e');
  });
});

describe('a duration', () => {
  it.each([
    [undefined, '-'],
    [0.25, '0.3 ms'],
    [250, '250 ms'],
    [9_840, '9.8 s'],
    [59_000, '59 s'],
    [90_000, '1.5 min'],
    [3_600_000, '1 h'],
    [72 * 3_600_000, '3 d'],
    [Infinity, 'no end'],
  ])('of %p ms reads %s', (ms, words) => {
    expect(showMs(ms)).toBe(words);
  });
});
