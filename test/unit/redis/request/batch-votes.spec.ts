import type { ReleaseRequest } from '../../../../lib/ports/lock-node.interface';
import { giveVotes } from '../../../../lib/redis/request/batch-votes';
import { readBatchReply } from '../../../../lib/redis/request/batch-reply';
import type { BatchEntry } from '../../../../lib/redis/request/batch-entry';

interface Vote {
  readonly kind: string;
  readonly healed?: boolean;
  readonly waiting?: number;
  readonly replaced?: boolean;
  readonly fence?: number;
  readonly error?: Error & { code?: string };
}

const PROPOSAL = 1_790_000_000_000_000;

function entryOf(letter: BatchEntry['letter'], vote: (vote: Vote) => void, keys = 1): BatchEntry {
  const request = {
    resources: Array.from({ length: keys }, (_, i) => `r${i}`),
    ownerToken: 'anna',
    ttlMs: 1_000,
    askHolderTtl: false,
    wakeWaiters: true,
    fence: { proposal: PROPOSAL, skewMicros: 1, keepMs: 1 },
  };
  return { letter, request, vote };
}

/** As the script writes it behind the letters. */
const TIME = ' 1790000000123456';

function votesOf(letters: string, reply: unknown) {
  const votes: Vote[] = [];
  const failedReleases: ReleaseRequest[] = [];
  const entries = Array.from(letters, (letter, i) =>
    entryOf(letter as BatchEntry['letter'], (vote) => (votes[i] = vote)),
  );
  giveVotes(entries, readBatchReply(reply, entries.length), (request) => failedReleases.push(request));
  return { votes, kinds: votes.map(({ kind }) => kind), failedReleases };
}

describe('the reply to a batch', () => {
  it('has a letter for each request, in order', () => {
    const { votes, failedReleases } = votesOf('aattteeerrww', `gdgdhgdhgdg9${TIME}`);

    expect(votes).toMatchObject([
      { kind: 'granted' },
      { kind: 'denied' },
      { kind: 'granted' },
      { kind: 'denied', healed: false },
      { kind: 'denied', healed: true },
      { kind: 'granted' },
      { kind: 'denied', healed: false },
      { kind: 'denied', healed: true },
      { kind: 'granted' },
      { kind: 'denied' },
      { kind: 'granted' },
      { kind: 'granted', waiting: 9 },
    ]);
    expect(votes[2]).not.toHaveProperty('replaced');
    expect(votes[10]).not.toHaveProperty('waiting');
    expect(failedReleases).toEqual([]);
  });

  it('fails the requests that failed, with the reason, and no other', () => {
    const { votes, failedReleases } = votesOf(
      'aew',
      `gfg${TIME} OOM command not allowed when used memory > 'maxmemory'.`,
    );

    expect(votes).toMatchObject([
      { kind: 'granted' },
      { kind: 'failed', error: { code: 'OOM' } },
      { kind: 'granted' },
    ]);
    expect(failedReleases).toEqual([]);
  });

  it('hands on the releases that failed, since what they should remove may be there', () => {
    const { kinds, failedReleases } = votesOf('rwa', `fff${TIME} READONLY no`);

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
    ['too few letters', `gg${TIME}`],
    ['too many letters', `gggg${TIME}`],
    ['a reason without letters', ` OOM${TIME}`],
    ['a reason behind too few letters', `gg OOM${TIME}`],
    ['another word', `PONG${TIME}`],
    ['the word of success of another command', `OK${TIME}`],
    ['letters of no meaning', `xyz${TIME}`],
    ['capital letters', `GGG${TIME}`],
    ['digits for what is no release', `111${TIME}`],
    ['without the time', 'ggg'],
    ['with half a time', 'ggg 17900x'],
    ['with a time that is no number', 'ggg 1e5'],
    ['with numbers that are none of its', `ggg1${TIME}`],
    ['line feeds', `\n\n\n${TIME}`],
  ])('that is %s is believed nothing', (_, reply) => {
    const { kinds, failedReleases } = votesOf('aer', reply);

    expect(kinds).toEqual(['failed', 'failed', 'failed']);
    expect(failedReleases).toHaveLength(1);
  });

  it.each(['a', 'e', 'r', 'w', 't', 'n'] as const)(
    'grants and denies a request %j by no letter but those that are meant for it',
    (letter) => {
      const meant = { a: 'gd', t: 'gdh', n: 'gpd', e: 'gdh', r: 'gd', w: 'gd123456789' }[letter];
      const every = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));

      const believed = every.filter((text) => votesOf(letter, text + TIME).kinds[0] !== 'failed');

      expect(believed.sort()).toEqual(Array.from(meant).sort());
    },
  );

  it('gives grants with a fence their number: what was proposed, or what the reply says, in order', () => {
    const { votes } = votesOf('nnannn', `gndqpn,41,42,43${TIME}`);

    expect(votes).toEqual([
      { kind: 'granted', fence: PROPOSAL },
      { kind: 'granted', fence: 41 },
      { kind: 'denied', healed: false },
      { kind: 'granted', replaced: true, fence: 42 },
      { kind: 'granted', replaced: true, fence: PROPOSAL },
      { kind: 'granted', fence: 43 },
    ]);
  });

  it.each([
    ['missing', ''],
    ['no number', ',x'],
    ['too large to be exact', ',9007199254740993'],
    ['zero', ',0'],
    ['negative', ',-1'],
  ])('does not grant with a number that is %s', (_, numbers) => {
    expect(votesOf('n', `n${numbers}${TIME}`).kinds).toEqual(['failed']);
  });

  it.each<[BatchEntry['letter'], string, object]>([
    ['a', 'ggg', { kind: 'granted' }],
    ['a', 'ddd', { kind: 'denied', healed: false }],
    ['a', 'fff', { kind: 'failed' }],
    ['a', 'ggd', { kind: 'failed' }],
    ['a', 'gdg', { kind: 'failed' }],
    ['e', 'hhh', { kind: 'denied', healed: true }],
    ['t', 'ggg', { kind: 'granted' }],
    ['t', 'ggh', { kind: 'failed' }],
    ['n', 'ggg', { kind: 'granted', fence: PROPOSAL }],
    ['n', 'ppp', { kind: 'granted', replaced: true, fence: PROPOSAL }],
    ['r', 'ggg', { kind: 'granted' }],
    ['r', 'gdg', { kind: 'denied' }],
    ['r', 'gfd', { kind: 'failed' }],
    ['r', 'fgg', { kind: 'failed' }],
    ['r', 'g1g', { kind: 'failed' }],
    ['w', 'g2g', { kind: 'granted', waiting: 2 }],
    ['w', '1g3', { kind: 'granted', waiting: 3 }],
    ['w', '3g1', { kind: 'granted', waiting: 3 }],
    ['w', '3d1', { kind: 'denied' }],
    ['w', '3xd', { kind: 'failed' }],
    ['W', 'ggg', { kind: 'granted' }],
  ])('to %j for three keys, %j between two neighbours, is one vote', (letter, letters, expected) => {
    const votes: Vote[] = [];
    const entries = [
      entryOf('a', (vote) => votes.push(vote)),
      entryOf(letter, (vote) => votes.push(vote), 3),
      entryOf('e', (vote) => votes.push(vote)),
    ];
    const failed: ReleaseRequest[] = [];

    giveVotes(entries, readBatchReply(`d${letters}g${TIME}`, 5), (request) => failed.push(request));

    expect(votes).toMatchObject([{ kind: 'denied' }, expected, { kind: 'granted' }]);
    if (letters === 'ggg') expect(votes[1]).not.toHaveProperty('waiting');
    const isFailedRelease = 'rw'.includes(letter) && votes[1]?.kind === 'failed';
    expect(failed).toEqual(isFailedRelease ? [entries[1]?.request] : []);
  });

  it('gives a grant of several keys one number', () => {
    const votes: Vote[] = [];
    const entries = [2, 1, 3].map((keys) => entryOf('n', (vote) => votes.push(vote), keys));

    giveVotes(entries, readBatchReply(`nnqnnn,41,42,43${TIME}`, 6), () => undefined);

    expect(votes.map(({ fence }) => fence)).toEqual([41, 42, 43]);
  });

  it('reaches the others when one of them makes a mistake with its vote', () => {
    const heard: string[] = [];
    const broken = entryOf('a', () => {
      throw new Error('a mistake of the caller');
    });
    const sound = entryOf('a', ({ kind }) => heard.push(kind));

    giveVotes([broken, sound], readBatchReply(`gg${TIME}`, 2), () => undefined);

    expect(heard).toEqual(['granted']);
  });
});
