import type { LockKind } from '../../../lib/ports/lock-kind';
import { covers, whyNot } from '../../../lib/service/covers';

const KINDS: Record<string, LockKind | undefined> = {
  exclusive: undefined,
  shared: { mode: 'shared', shared: ['a'] },
  'one permit': { mode: 'limited', limit: 3, permits: 1 },
  'two permits': { mode: 'limited', limit: 3, permits: 2 },
};
const hold = (name: string) => ({ resources: ['a'], kind: KINDS[name] });

describe('code that holds a lock and wants another', () => {
  it.each([
    ['exclusive', ['exclusive', 'shared']],
    ['shared', ['shared']],
    ['one permit', ['one permit']],
    ['two permits', ['one permit', 'two permits']],
  ])('has, with one that is %s, what it wants as %j', (held, wanted) => {
    const has = Object.keys(KINDS).filter((name) => covers(hold(held), hold(name)));

    expect(has.sort()).toEqual([...wanted].sort());
  });

  it('has all resources of a mixed lock as a reader, and the exclusive ones exclusively', () => {
    const mixed = { resources: ['a', 'b'], kind: { mode: 'mixed', shared: ['b'] } } as const;

    expect(covers(mixed, { resources: ['a'], kind: undefined })).toBe(true);
    expect(covers(mixed, { resources: ['a', 'b'], kind: { mode: 'shared', shared: ['a', 'b'] } })).toBe(true);
    expect(covers(mixed, { resources: ['b'], kind: undefined })).toBe(false);
    expect(covers(mixed, { resources: ['a', 'c'], kind: undefined })).toBe(false);
  });

  it.each([
    ['shared', 'exclusive', /as a reader.*exclusively from the start/],
    ['shared', 'one permit', /^it holds the resource as a reader, and asks for a permit(?!.*wait)/],
    ['one permit', 'shared', /^it holds a permit of the resource, and asks for it as a reader(?!.*wait)/],
    ['one permit', 'exclusive', /holds a permit.*would wait for itself/],
    ['exclusive', 'one permit', /exclusively/],
    ['one permit', 'two permits', /fewer of the permits/],
  ])('with one that is %s is told why it cannot have it %s', (held, wanted, why) => {
    expect(whyNot(hold(held), hold(wanted))).toMatch(why);
  });

  it('is told to take all at once where it lacks one of them', () => {
    const wanted = { resources: ['b', 'a'], kind: undefined };

    expect(whyNot(hold('exclusive'), wanted)).toMatch(/^it does not hold all of them in one lock/);
    expect(whyNot(hold('shared'), wanted)).toMatch(/as a reader.*exclusively from the start/);
  });
});
