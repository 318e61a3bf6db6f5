import { modeOf } from '../../ports/lock-mode';
import type { AcquireRequest, ReleaseRequest } from '../../ports/lock-node.interface';
import { SET_ASKS } from '../script/batch-codes';
import type { SetEntry } from './batch-entry';
import { wholeMs } from './resp';

/** Entries that follow one another in a batch: readers that are served together, or one entry of any kind. */
export interface Run {
  readonly entries: SetEntry[];
  /** The verb of the readers. Undefined for an entry with a text of its own. */
  readonly verb: typeof SET_ASKS.comeAll | typeof SET_ASKS.goAll | undefined;
  /** The ttl of readers that come. For readers that go: the time for which a free key is kept for the line. */
  readonly ms: number;
  /** True if waiters are told of the readers that go. */
  readonly tells: boolean;
}

/** Parts a batch into runs. Most readers come and go with one resource each, and have everything else in common. */
export function runsOf(entries: readonly SetEntry[], isPrefixPlain: boolean): Run[] {
  const runs: Run[] = [];
  let last: Run | undefined;
  for (const entry of entries) {
    const verb = isPrefixPlain ? verbOf(entry) : undefined;
    const ms = verb === undefined ? 0 : msOf(entry);
    const tells = verb === SET_ASKS.goAll && entry.letter === 'sr' && entry.request.wakeWaiters;
    if (verb !== undefined && last?.verb === verb && last.ms === ms && last.tells === tells)
      last.entries.push(entry);
    else runs.push((last = { entries: [entry], verb, ms, tells }));
  }
  return runs;
}

/** The text that all readers of a run share. */
export function headOf({ verb, entries, ms, tells }: Run, database: number): string {
  const count = `${verb}${entries.length}\n${wholeMs(ms)}\n`;
  return verb === SET_ASKS.goAll ? `${count}${tells ? 1 : 0}\n${database}\n` : count;
}

function verbOf(entry: SetEntry): Run['verb'] {
  if (entry.letter === 'sa') return isNewReader(entry.request) ? SET_ASKS.comeAll : undefined;
  return entry.letter === 'sr' && isLeavingReader(entry.request) ? SET_ASKS.goAll : undefined;
}

function msOf(entry: SetEntry): number {
  if (entry.letter === 'sa') return entry.request.ttlMs;
  return entry.letter === 'sr' ? (entry.request.turnMs ?? 0) : 0;
}

/** Tells if a reader has no ticket yet, so that the line need not know its name. */
function isNewReader(request: AcquireRequest): boolean {
  const { fence, replaces = '', line } = request;
  const isNew = line !== undefined && line.ticket === undefined && replaces === '';
  return isNew && fence === undefined && isForOneReader(request);
}

function isLeavingReader(request: ReleaseRequest): boolean {
  const { slots, keepMs, line, turnMs } = request;
  const isWhole = slots === undefined && keepMs === undefined && line === undefined && turnMs !== undefined;
  return isWhole && isForOneReader(request);
}

/** Tells if a request is for one reader with a key for which the script knows the names of the line. */
function isForOneReader(request: AcquireRequest | ReleaseRequest): boolean {
  const [resource = ''] = request.resources;
  return request.resources.length === 1 && modeOf(resource, request) === 'shared' && isPlain(resource);
}

/** Tells if a name has no brace. A brace may be a part of a hash tag (`beside-key.ts`). */
export function isPlain(name: string): boolean {
  return !name.includes('{') && !name.includes('}');
}
