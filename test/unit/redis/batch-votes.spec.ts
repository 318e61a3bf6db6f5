import type { ReleaseRequest } from '../../../lib/core/lock-node.interface';
import { giveVotes } from '../../../lib/redis/batch-votes';
import type { BatchEntry } from '../../../lib/redis/command-batch';

interface Vote {
  readonly kind: string;
  readonly healed?: boolean;
  readonly waiting?: number;
  readonly replaced?: boolean;
  readonly error?: Error & { code?: string };
}

function entryOf(letter: BatchEntry['letter'], vote: (vote: Vote) => void): BatchEntry {
  const request = {
    resources: ['a'],
    ownerToken: 'anna',
    ttlMs: 1_000,
    askHolderTtl: false,
    wakeWaiters: true,
  };
  return { letter, request, vote };
}

function votesOf(letters: string, reply: unknown) {
  const votes: Vote[] = [];
  const failedReleases: ReleaseRequest[] = [];
  const entries = Array.from(letters, (letter, i) =>
    entryOf(letter as BatchEntry['letter'], (vote) => (votes[i] = vote)),
  );
  giveVotes(entries, reply, (request) => failedReleases.push(request));
  return { votes, kinds: votes.map(({ kind }) => kind), failedReleases };
}

describe('the reply to a batch', () => {
  it('has a letter for each request, in order', () => {
    const { votes, failedReleases } = votesOf('aatteeerrww', 'gdpggdhgdg9');

    expect(votes).toMatchObject([
      { kind: 'granted' },
      { kind: 'denied' },
      { kind: 'granted', replaced: true },
      { kind: 'granted' },
      { kind: 'granted' },
      { kind: 'denied', healed: false },
      { kind: 'denied', healed: true },
      { kind: 'granted' },
      { kind: 'denied' },
      { kind: 'granted' },
      { kind: 'granted', waiting: 9 },
    ]);
    expect(votes[3]).not.toHaveProperty('replaced');
    expect(votes[9]).not.toHaveProperty('waiting');
    expect(failedReleases).toEqual([]);
  });

  it('fails the requests that failed, with the reason, and no other', () => {
    const { votes, failedReleases } = votesOf(
      'aew',
      "gfg OOM command not allowed when used memory > 'maxmemory'.",
    );

    expect(votes).toMatchObject([
      { kind: 'granted' },
      { kind: 'failed', error: { code: 'OOM' } },
      { kind: 'granted' },
    ]);
    expect(failedReleases).toEqual([]);
  });

  it('hands on the releases that failed, since what they should remove may be there', () => {
    const { kinds, failedReleases } = votesOf('rwa', 'fff READONLY no');

    expect(kinds).toEqual(['failed', 'failed', 'failed']);
    expect(failedReleases).toHaveLength(2);
  });

  it.each([
    ['nothing', undefined],
    ['nil', null],
    ['an empty text', ''],
    ['a number', 1],
    ['as many as a number of digits', 111],
    ['an array', ['g', 'g', 'g']],
    ['bytes', Buffer.from('ggg')],
    ['too few letters', 'gg'],
    ['too many letters', 'gggg'],
    ['a reason without letters', ' OOM'],
    ['a reason behind too few letters', 'gg OOM'],
    ['another word', 'PONG'],
    ['the word of success of another command', 'OK'],
    ['letters of no meaning', 'xyz'],
    ['capital letters', 'GGG'],
    ['digits for what is no release', '111'],
    ['line feeds', '\n\n\n'],
  ])('that is %s is believed nothing', (_, reply) => {
    const { kinds, failedReleases } = votesOf('aer', reply);

    expect(kinds).toEqual(['failed', 'failed', 'failed']);
    expect(failedReleases).toHaveLength(1);
  });

  it.each(['a', 'e', 'r', 'w', 't'] as const)(
    'grants and denies a request %j by no letter but those that are meant for it',
    (letter) => {
      const meant = { a: 'gd', t: 'gpd', e: 'gdh', r: 'gd', w: 'gd123456789' }[letter];
      const every = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));

      const believed = every.filter((text) => votesOf(letter, text).kinds[0] !== 'failed');

      expect(believed.sort()).toEqual(Array.from(meant).sort());
    },
  );

  it('reaches the others when one of them makes a mistake with its vote', () => {
    const heard: string[] = [];
    const broken = entryOf('a', () => {
      throw new Error('a mistake of the caller');
    });
    const sound = entryOf('a', ({ kind }) => heard.push(kind));

    giveVotes([broken, sound], 'gg', () => undefined);

    expect(heard).toEqual(['granted']);
  });
});
