import type { AcquireRequest, FailedVote, ReleaseRequest } from '../../ports/lock-node.interface';
import type { BatchReply } from './batch-reply';
import { type BatchEntry, isRelease } from './batch-entry';
import { ASKS, VOTES } from '../script/batch-codes';
import { codeIn, RedisNodeError } from '../client/redis-node-error';
import { unexpectedReply } from './redis-votes';

const GRANTED = { kind: 'granted' } as const;
const DENIED = { kind: 'denied', healed: false } as const;
const DENIED_RELEASE = { kind: 'denied' } as const;
const HEALED = { kind: 'denied', healed: true } as const;

/** The votes that fit every kind of entry. */
type BatchVote =
  | { kind: 'granted'; waiting?: number; replaced?: boolean; fence?: number }
  | { kind: 'denied'; healed: boolean }
  | FailedVote;

type OnFailedRelease = (request: ReleaseRequest) => void;

/** Gives each entry the vote that its letters in the reply stand for. Without a reply, all entries failed. */
export function giveVotes(
  entries: readonly BatchEntry[],
  reply: BatchReply | undefined,
  onFailed: OnFailedRelease,
): void {
  let numbered = 0;
  let at = 0;
  for (const entry of entries) {
    const first = at;
    at += entry.request.resources.length;
    const letter = letterOf(entry, reply, first, at);
    const number =
      letter === VOTES.numbered || letter === VOTES.replacedNumbered ? reply?.numbers[numbered++] : undefined;
    giveVote(entry, voteOf(letter, entry, number) ?? failureFrom(reply), onFailed);
  }
}

/**
 * All keys of a request have the same letter, except in releases: these are answered key by key, and the worst counts.
 */
function letterOf(entry: BatchEntry, reply: BatchReply | undefined, first: number, end: number): string {
  if (reply === undefined) return '';
  const { letters } = reply;
  let found = letters.charAt(first);
  for (let i = first + 1; i < end; i++) {
    const letter = letters.charAt(i);
    if (letter === found) continue;
    if (!isRelease(entry)) return '';
    if (RELEASED.indexOf(letter) < RELEASED.indexOf(found)) found = letter;
  }
  return found;
}

/**
 * The letters from the worst to the best. Any other letter is worse. A digit is the number of waiters of one key.
 */
const RELEASED = `${VOTES.denied}987654321${VOTES.granted}`;

/** Gives a vote to a caller. If the caller throws, the others in the batch still get their votes. */
export function giveVote(entry: BatchEntry, vote: BatchVote, onFailed: OnFailedRelease): void {
  if (vote.kind === 'failed' && isRelease(entry)) onFailed(entry.request);
  try {
    if (vote.kind === 'denied' && isRelease(entry)) entry.vote(DENIED_RELEASE);
    else entry.vote(vote);
  } catch {
    // There is nobody to tell.
  }
}

function voteOf(letter: string, entry: BatchEntry, number: number | undefined): BatchVote | undefined {
  if (entry.letter === ASKS.acquireNumbered) return numberedVoteOf(letter, entry.request, number);
  if (letter === VOTES.granted) return GRANTED;
  if (letter === VOTES.denied) return DENIED;
  if (letter === VOTES.putBack) return isExtension(entry) ? HEALED : undefined;
  const waiting = isTelling(entry) ? '123456789'.indexOf(letter) + 1 : 0;
  return waiting > 0 && letter !== '' ? { kind: 'granted', waiting } : undefined;
}

function numberedVoteOf(
  letter: string,
  request: AcquireRequest,
  number: number | undefined,
): BatchVote | undefined {
  if (letter === VOTES.denied) return DENIED;
  const fence = letter === VOTES.granted || letter === VOTES.replaced ? request.fence?.proposal : number;
  if (fence === undefined) return undefined;
  return letter === VOTES.replaced || letter === VOTES.replacedNumbered
    ? { kind: 'granted', replaced: true, fence }
    : { kind: 'granted', fence };
}

function isExtension({ letter }: BatchEntry): boolean {
  return letter === ASKS.extend || letter === ASKS.takeOver;
}

function isTelling({ letter }: BatchEntry): boolean {
  return letter === ASKS.releaseAndTell || letter === ASKS.releaseAndTellAll;
}

function failureFrom(reply: BatchReply | undefined): FailedVote {
  if (reply === undefined || reply.fault === '') return unexpectedReply();
  const { fault } = reply;
  return { kind: 'failed', error: new RedisNodeError(fault, codeIn(fault)) };
}
