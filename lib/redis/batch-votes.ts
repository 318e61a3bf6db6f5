import type { FailedVote, ReleaseRequest } from '../core/lock-node.interface';
import { type BatchEntry, isRelease } from './command-batch';
import { RedisNodeError } from './redis-node-error';
import { unexpectedReply } from './redis-votes';

const REPLACED = { kind: 'granted', replaced: true } as const;
const GRANTED = { kind: 'granted' } as const;
const DENIED = { kind: 'denied', healed: false } as const;
const HEALED = { kind: 'denied', healed: true } as const;

/** Fits every kind of entry. */
type BatchVote =
  | { kind: 'granted'; waiting?: number; replaced?: boolean }
  | { kind: 'denied'; healed: boolean }
  | FailedVote;

type OnFailedRelease = (request: ReleaseRequest) => void;

/** Gives each entry the vote of its letter in the reply of the batch script. Of anything else nothing is believed. */
export function giveVotes(entries: readonly BatchEntry[], reply: unknown, onFailed: OnFailedRelease): void {
  const letters = isAnswerTo(entries, reply) ? reply : '';
  entries.forEach((entry, i) => {
    giveVote(entry, voteOf(letters.charAt(i), entry) ?? failureFrom(letters, entries.length), onFailed);
  });
}

/** A letter for each, and perhaps a reason behind a space. Of any other length it is the answer to something else. */
function isAnswerTo(entries: readonly BatchEntry[], reply: unknown): reply is string {
  if (typeof reply !== 'string') return false;
  return reply.length === entries.length || reply.charAt(entries.length) === ' ';
}

/** A caller's mistake must not keep the vote from the others in the batch. */
export function giveVote(entry: BatchEntry, vote: BatchVote, onFailed: OnFailedRelease): void {
  if (vote.kind === 'failed' && isRelease(entry)) onFailed(entry.request);
  try {
    entry.vote(vote);
  } catch {
    // There is nobody to tell.
  }
}

function voteOf(letter: string, entry: BatchEntry): BatchVote | undefined {
  if (letter === 'g') return GRANTED;
  if (letter === 'd') return DENIED;
  if (letter === 'p') return entry.letter === 't' ? REPLACED : undefined;
  if (letter === 'h') return entry.letter === 'e' ? HEALED : undefined;
  const waiting = isTelling(entry) ? '123456789'.indexOf(letter) + 1 : 0;
  return waiting > 0 && letter !== '' ? { kind: 'granted', waiting } : undefined;
}

function isTelling({ letter }: BatchEntry): boolean {
  return letter === 'w' || letter === 'W';
}

function failureFrom(letters: string, entries: number): FailedVote {
  const fault = letters.slice(entries).trim();
  if (letters.length <= entries || fault === '') return unexpectedReply();
  return { kind: 'failed', error: new RedisNodeError(fault.slice(0, 300), /^([A-Z]{3,}) /.exec(fault)?.[1]) };
}
