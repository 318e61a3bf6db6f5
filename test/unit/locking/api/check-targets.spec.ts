import { LockKeyError } from '../../../../lib/errors/lock-key.error';
import { LockOptionsError } from '../../../../lib/errors/lock-options.error';
import { completeLockOptions } from '../../../../lib/locking/api/complete-lock-options';
import {
  checkTargets,
  namesOf,
  checkSharing,
  kindOf,
  withModeOf,
} from '../../../../lib/locking/api/check-targets';
import type { LockOptions } from '../../../../lib/locking/api/lock-options';
import { ScriptedNode } from '../../../helpers/scripted-node';

const LIMITS = { nodeTimeoutMs: 500, maxTtlMs: 60_000 };

/** What the door makes of a call. */
function door(resources: unknown, options: LockOptions = {}, defaults: LockOptions = {}) {
  const targets = checkTargets(resources);
  const how = completeLockOptions(withModeOf(targets, options), defaults, LIMITS);
  return {
    names: namesOf(targets),
    kind: kindOf(targets, how),
    fencing: how.fencing,
    keep: how.holdAtLeastMs,
  };
}

function optionOf(resources: unknown, options: unknown): string {
  try {
    door(resources, options as LockOptions);
  } catch (error) {
    if (error instanceof LockOptionsError) return error.option;
    throw error;
  }
  throw new Error('the options were taken');
}

describe('how a lock is asked for', () => {
  it.each<[string, unknown, LockOptions, unknown]>([
    ['a name', 'a', {}, undefined],
    ['a name in its own words', 'a', { mode: 'exclusive' }, undefined],
    ['several names', ['b', 'a'], {}, undefined],
    ['a reader', 'a', { mode: 'shared' }, { mode: 'shared', shared: ['a'] }],
    ['a reader of several', ['b', 'a'], { mode: 'shared' }, { mode: 'shared', shared: ['a', 'b'] }],
    ['a shared target', { shared: 'a' }, {}, { mode: 'shared', shared: ['a'] }],
    ['shared targets alone', [{ shared: 'b' }, { shared: 'a' }], {}, { mode: 'shared', shared: ['a', 'b'] }],
    ['a mixed list', ['b', { shared: 'a' }], {}, { mode: 'mixed', shared: ['a'] }],
    [
      'a mixed list of a reader',
      ['b', { shared: 'a' }],
      { mode: 'shared' },
      { mode: 'shared', shared: ['a', 'b'] },
    ],
    ['a resource in both ways', ['a', { shared: 'a' }], {}, undefined],
    [
      'one of several in both ways',
      ['a', { shared: 'a' }, { shared: 'b' }],
      {},
      { mode: 'mixed', shared: ['b'] },
    ],
    ['permits', 'a', { limit: 5 }, { mode: 'limited', limit: 5, permits: 1 }],
    [
      'more permits',
      ['a'],
      { limit: 1_000, permits: 1_000 },
      { mode: 'limited', limit: 1_000, permits: 1_000 },
    ],
  ])('is told for %s', (_, resources, options, kind) => {
    expect(door(resources, options).kind).toEqual(kind);
  });

  it('names each resource once, sorted, however it is held', () => {
    expect(door([{ shared: 'c' }, 'b', 'b', { shared: 'a' }, { shared: 'b' }]).names).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  it.each<[string, string, unknown, unknown]>([
    ['limit', 'a limit of readers', 'a', { mode: 'shared', limit: 2 }],
    ['limit', 'a limit of a shared target', { shared: 'a' }, { limit: 2 }],
    ['limit', 'a limit of several', ['a', 'b'], { limit: 2 }],
    ['limit', 'a limit in a mixed list', ['a', { shared: 'b' }], { limit: 2 }],
    ['limit', 'a limit of nothing', 'a', { limit: 0 }],
    ['limit', 'too large a limit', 'a', { limit: 1_001 }],
    ['limit', 'a part of a permit', 'a', { limit: 1.5 }],
    ['limit', 'no number', 'a', { limit: '5' }],
    ['limit', 'null', 'a', { limit: null }],
    ['permits', 'permits without a limit', 'a', { permits: 1 }],
    ['permits', 'more permits than there are', 'a', { limit: 2, permits: 3 }],
    ['permits', 'no permits', 'a', { limit: 2, permits: 0 }],
    ['mode', 'another mode', 'a', { mode: 'read' }],
    ['fair', 'fairness that is no boolean', 'a', { fair: 1 }],
    ['fencing', 'a number for readers', 'a', { mode: 'shared', fencing: true }],
    ['fencing', 'a number for shared targets alone', [{ shared: 'a' }], { fencing: true }],
    ['holdAtLeast', 'readers that are kept', 'a', { mode: 'shared', holdAtLeast: 5 }],
  ])('is refused by the name of %s: %s', (option, _, resources, options) => {
    expect(optionOf(resources, options)).toBe(option);
  });

  it.each([
    {},
    { shared: 7 },
    { shared: '' },
    { shared: 'a', and: 'b' },
    { name: 'a' },
    null,
    7,
    [[]],
    [null],
  ])('is refused as a key: %j', (resources) => {
    expect(() => door(resources)).toThrow(LockKeyError);
  });

  it('is refused where the targets throw, and tells nothing of what', () => {
    const hostile = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('secret');
        },
      },
    );

    expect(() => door([hostile])).toThrow(/could not be read/);
    expect(() => door([hostile])).not.toThrow(/secret/);
  });

  it('leaves out for readers what the module has for locks that can have it', () => {
    const defaults = { fencing: true, holdAtLeast: 9 };

    expect(door('a', { mode: 'shared' }, defaults)).toMatchObject({ fencing: false, keep: 0 });
    expect(door({ shared: 'a' }, {}, defaults)).toMatchObject({ fencing: false, keep: 0 });
    expect(door(['b', { shared: 'a' }], {}, defaults)).toMatchObject({ fencing: true, keep: 9 });
  });

  it('is refused by the name of a node that holds exclusive locks alone', () => {
    const able = Object.assign(new ScriptedNode('able'), { sharing: true as const });
    const plain = Object.assign(new ScriptedNode('plain'), { sharing: undefined });

    expect(() => {
      checkSharing([able, plain], { mode: 'limited', limit: 2, permits: 1 });
    }).toThrow(/^limit: .*"plain"/);
    expect(() => {
      checkSharing([able, plain], { mode: 'mixed', shared: ['a'] });
    }).toThrow(/^mode: .*"plain"/);
    expect(() => {
      checkSharing([plain], undefined);
    }).toThrow(/^fair: .*"plain"/);
    expect(() => {
      checkSharing([able], undefined);
    }).not.toThrow();
  });
});
