import fc from 'fast-check';
import type { AcquireRequest } from '../../lib/ports/lock-node.interface';
import { readBatchReply } from '../../lib/redis/request/batch-reply';
import { giveVotes } from '../../lib/redis/request/batch-votes';
import type { BatchEntry } from '../../lib/redis/request/batch-entry';
import { acquireVoteFrom, setVoteFrom } from '../../lib/redis/request/redis-votes';
import type { Reply } from '../helpers/fake-redis';
import { grantedBy, oddReply, oddWord } from '../helpers/odd-replies';
import { seeded } from '../helpers/seeded';

/** As a client gives it to whoever asked. */
function asRead(reply: Reply): unknown {
  if (typeof reply !== 'object' || reply === null) return reply;
  if ('simple' in reply) return reply.simple;
  return 'error' in reply ? new Error(reply.error) : reply.map(asRead);
}

const request: AcquireRequest = {
  resources: ['a'],
  ownerToken: 'mine',
  ttlMs: 1_000,
  askHolderTtl: false,
  fence: { proposal: 1, skewMicros: 1, keepMs: 1 },
};

/** The positions at which somebody was told that it was granted. */
function grantedIn(letters: string, reply: unknown): number[] {
  const granted: number[] = [];
  const entries = Array.from(letters).map(
    (letter, i) =>
      ({
        letter,
        request,
        vote: ({ kind }: { kind: string }) => {
          if (kind === 'granted') granted.push(i);
        },
      }) as unknown as BatchEntry,
  );
  giveVotes(entries, readBatchReply(reply, letters.length), () => undefined);
  return granted;
}

describe('whatever a server replies', () => {
  it('to SET is a grant only if it is the word of success', () => {
    fc.assert(
      fc.property(fc.oneof(oddReply, oddWord), (reply) => {
        const isGranted = setVoteFrom(asRead(reply)).kind === 'granted';
        expect(isGranted).toBe(grantedBy('set', reply).length > 0);
      }),
      seeded(500),
    );
  });

  it('to the acquire script is a grant only in the form of the script', () => {
    fc.assert(
      fc.property(oddReply, (reply) => {
        if (acquireVoteFrom(asRead(reply)).kind !== 'granted') return;
        expect(grantedBy('acquire', reply)).toEqual([0]);
      }),
      seeded(1_000),
    );
  });

  it('to a batch grants each request only by a letter of its own, in a reply of the right length', () => {
    let granted = 0;
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 't', 'n', 'e', 'r', 'w'), minLength: 1, maxLength: 4 }),
        oddReply,
        (letters, reply) => {
          const acquired = grantedIn(letters, asRead(reply)).filter((i) => 'atn'.includes(letters[i] ?? ''));
          expect(grantedBy({ letters }, reply)).toEqual(expect.arrayContaining(acquired));
          granted += acquired.length;
        },
      ),
      seeded(2_000),
    );
    expect(granted).toBeGreaterThan(10);
  });
});
