import type { StartReport } from './report';
import { Witness } from './witness';
import { WriteJudge } from './write-judge';

let witness: Witness;

beforeEach(() => {
  witness = new Witness();
});

function start(hold: string, atMs: number, untilMs: number, more: Partial<StartReport> = {}): void {
  const report: StartReport = {
    type: 'start',
    hold,
    resources: ['a'],
    atMs,
    untilMs,
    fence: undefined,
    ...more,
  };
  witness.started(`client of ${hold}`, report);
}

/** Who overlapped with whom, as far as it is known at that time. */
function judged(nowMs: number): string[] {
  return witness.settleUntil(nowMs).map(({ rule, earlier, later }) => `${rule}: ${earlier.id}, ${later.id}`);
}

describe('the witness', () => {
  it('accuses two holders of a resource at one time', () => {
    start('anna', 100, 200);
    start('ben', 150, 300);
    witness.ended('ben', 160);

    const [violation] = witness.ended('anna', 170);

    expect(violation).toMatchObject({ rule: 'one holder', resource: 'a', earlier: { id: 'anna' } });
  });

  it('accepts the next holder at the moment in which the last one releases, or has lost', () => {
    start('anna', 100, 200);
    witness.ended('anna', 150);
    start('ben', 150, 300);

    expect(witness.ended('ben', 160)).toEqual([]);
  });

  it('hears the reports of several clients in any order', () => {
    start('ben', 150, 300);
    witness.ended('ben', 160);
    start('anna', 100, 200);

    expect(witness.ended('anna', 140)).toEqual([]);
  });

  it('lets a client that was stopped hold until its validity ended, and no longer', () => {
    start('stopped', 100, 200);
    start('early', 190, 300);
    start('later', 300, 400);

    expect(judged(9_000)).toEqual(['one holder: stopped, early']);
    // What it reports when it wakes up changes nothing.
    expect(witness.ended('stopped', 9_001)).toEqual([]);
  });

  it('lets a client that was killed hold until its validity ended', () => {
    start('killed', 100, 200);
    witness.died('client of killed');
    start('early', 190, 300);

    expect(witness.ended('early', 195)).toHaveLength(1);
  });

  it('counts what was extended until the end of the extension', () => {
    start('anna', 100, 200);
    witness.extended('anna', 400);
    start('ben', 300, 350);

    expect(judged(9_000)).toEqual(['one holder: anna, ben']);
  });

  it('tells resources apart, and looks at each of several', () => {
    start('anna', 100, 200, { resources: ['a', 'b'] });
    start('ben', 110, 120, { resources: ['c'] });
    start('eva', 130, 140, { resources: ['b', 'c'] });

    expect(judged(9_000)).toEqual(['one holder: anna, eva']);
  });

  it('accuses a token that is not larger than that of an earlier hold', () => {
    start('anna', 100, 150, { fence: 7 });
    start('ben', 200, 250, { fence: 7 });
    start('eva', 300, 350, { fence: 8 });

    expect(judged(9_000)).toEqual(['tokens grow: anna, ben']);
  });

  it('lets readers hold together, and accuses one who has it alone beside them', () => {
    start('anna', 100, 200, { shared: ['a'] });
    start('ben', 150, 300, { shared: ['a'] });
    start('eva', 180, 250);

    expect(judged(9_000)).toEqual(['readers or writer: anna, eva', 'readers or writer: ben, eva']);
  });

  it('looks at each of several resources as it is held', () => {
    start('anna', 100, 200, { resources: ['a', 'b'], shared: ['a'] });
    start('ben', 150, 300, { shared: ['a'] });
    start('eva', 160, 300, { resources: ['b'], shared: ['b'] });

    expect(judged(9_000)).toEqual(['readers or writer: anna, eva']);
  });

  it('asks for no order between the number of one who has other resources alone, and reads this one, and those of holders', () => {
    start('anna', 100, 150, { resources: ['a', 'b'], shared: ['b'], fence: 7 });
    start('ben', 200, 250, { resources: ['b'], fence: 6 });
    start('eva', 300, 350, { fence: 7 });

    expect(judged(9_000)).toEqual(['tokens grow: anna, eva']);
  });

  it('accuses two holders of one permit, and not of different ones', () => {
    start('anna', 100, 200, { permits: { slots: [0, 2], limit: 3 } });
    start('ben', 150, 300, { permits: { slots: [1], limit: 3 } });
    start('eva', 160, 300, { permits: { slots: [2], limit: 3 } });

    expect(judged(9_000)).toEqual(['one per slot: anna, eva']);
  });

  it('accuses a holder of permits beside one who has the resource alone', () => {
    start('anna', 100, 200, { permits: { slots: [0], limit: 3 } });
    start('ben', 150, 300);

    expect(judged(9_000)).toEqual(['readers or writer: anna, ben']);
  });

  it('accuses a permit that is above the limit of its holder', () => {
    const report = {
      type: 'start' as const,
      hold: 'anna',
      resources: ['a'],
      atMs: 100,
      untilMs: 200,
      fence: undefined,
    };
    const permits = { slots: [1, 3], limit: 3 };

    const [violation] = witness.started('client of anna', { ...report, permits });

    expect(violation).toMatchObject({ rule: 'limit', earlier: { id: 'anna' } });
  });

  it('wants larger numbers from one holder of a permit to the next, and not between permits', () => {
    start('anna', 100, 150, { fence: 7, permits: { slots: [0], limit: 2 } });
    start('ben', 160, 180, { fence: 6, permits: { slots: [1], limit: 2 } });
    start('eva', 200, 250, { fence: 7, permits: { slots: [0], limit: 2 } });
    start('carl', 300, 350, { fence: 7 });

    expect(judged(9_000)).toEqual([
      'tokens grow: anna, eva',
      'tokens grow: anna, carl',
      'tokens grow: eva, carl',
    ]);
  });

  it('knows who holds something at the moment', () => {
    start('anna', 100, 200);

    expect(witness.isHolding('client of anna', 150)).toBe(true);
    expect(witness.isHolding('client of anna', 250)).toBe(false);
    expect(witness.isHolding('client of ben', 150)).toBe(false);
  });
});

describe('the judge of writes', () => {
  const write = (hold: string, startedMs: number, resource = 'a') => ({
    ...{ hold, startedMs, resource },
    version: 0,
    fence: 0,
  });

  it('accuses a write of an earlier holder after that of a later one, also in the next list', () => {
    const judge = new WriteJudge();
    judge.judge([write('anna', 100), write('ben', 200)]);

    const stale = judge.judge([write('anna', 100), write('ben', 200)]);

    expect(stale).toEqual([{ late: write('anna', 100), newer: write('ben', 200) }]);
  });

  it('accepts late writes to what nobody wrote to since', () => {
    const judge = new WriteJudge();

    const stale = judge.judge([write('anna', 100), write('ben', 200, 'b'), write('anna', 100)]);

    expect(stale).toEqual([]);
  });
});
