import { createHash } from 'node:crypto';
import type { LockHolder } from '../../errors/lock-holder.interface';
import type { ListedLock } from '../../locking/api/lock-listing.interface';
import { describeOwner } from '../../locking/api/owner-token';
import type { BoardHistory } from './board-history';
import type { BoardHolder, BoardLock, BoardPart } from './board-state.interface';

/** The inexactness of a look, in milliseconds. A lock whose end is later by no more than this was not extended. */
const NO_NEWS_MS = 300;

interface Known {
  readonly listed: ListedLock;
  readonly lock: BoardLock;
  readonly owner: string;
}

/** The locks of the last look, as pages get them, and the changes since the look before. */
export class BoardLocks {
  private known = new Map<string, Known>();
  /** The time at which the nodes told of them. */
  private at = 0;

  constructor(private readonly history: BoardHistory) {}

  get all(): BoardLock[] {
    return [...this.known.values()].map(({ lock }) => lock);
  }

  next(listed: readonly ListedLock[], at: number): { changed: BoardLock[]; gone: string[] } {
    const before = this.known;
    const changed: BoardLock[] = [];
    this.known = new Map();
    this.at = at;
    for (const one of listed) {
      const old = before.get(one.resource);
      const now = this.lockOf(one, old, at);
      const isNews = old === undefined || differs(old.lock, now.lock);
      // Without a change, pages keep counting from what they got last.
      this.known.set(one.resource, isNews ? now : { ...now, lock: old.lock });
      if (isNews) changed.push(now.lock);
    }
    return { changed, gone: [...before.keys()].filter((resource) => !this.known.has(resource)) };
  }

  /** The part of each of these nodes in a resource. */
  partsOf(resource: string, nodes: readonly string[]): BoardPart[] {
    const owners = this.known.get(resource)?.listed.owners ?? [];
    return nodes.map((node) => ({
      node,
      holders: owners
        .filter((owner) => owner.node === node)
        .map(({ ownerToken, ttlMs }) => ({
          ...holderFrom(describeOwner(ownerToken)),
          endsAt: this.end(ttlMs),
        })),
    }));
  }

  /** The owner token of a holder, if the last look had it. */
  ownerTokenOf(resource: string, holderId: string): string | undefined {
    const owners = this.known.get(resource)?.listed.owners ?? [];
    return owners.find(({ ownerToken }) => idOf(ownerToken) === holderId)?.ownerToken;
  }

  private lockOf(listed: ListedLock, old: Known | undefined, at: number): Known {
    const holding = holdersOf(listed);
    const owner = holding
      .map(({ ownerToken }) => ownerToken)
      .sort()
      .join(' ');
    const isSame = old?.owner === owner;
    const exact = holding.length === 1 ? this.history.heldSinceOf(holding[0]?.ownerToken ?? '') : undefined;
    const ttlMs = listed.ttlMs ?? Math.max(0, ...listed.owners.map((one) => one.ttlMs));
    const lock: BoardLock = {
      resource: listed.resource,
      state: listed.state,
      ...(listed.foreignType === undefined ? {} : { foreignType: listed.foreignType }),
      mode: listed.mode ?? 'exclusive',
      holders: isSame ? old.lock.holders : holding.map(holderFrom),
      endsAt: this.end(ttlMs),
      wholeMs: Math.max(isSame ? old.lock.wholeMs : 0, Number.isFinite(ttlMs) ? Math.round(ttlMs) : 0),
      nodeCount: listed.nodeCount,
      waiting: listed.waiting ?? null,
      since: exact ?? (isSame ? old.lock.since : at),
      isSinceExact: exact !== undefined,
    };
    return { listed, lock, owner };
  }

  private end(ttlMs: number): number | null {
    return Number.isFinite(ttlMs) ? Math.round(this.at + ttlMs) : null;
  }
}

/** The holders of a lock. If none of them has a majority, these are all that have a part of it. */
function holdersOf({ holder, holders, owners }: ListedLock): (LockHolder & { readonly slot?: number })[] {
  if (holders !== undefined) return [...holders];
  if (holder !== undefined) return [holder];
  return [...new Set(owners.map(({ ownerToken }) => ownerToken))].map(describeOwner);
}

function holderFrom({ ownerToken, host, pid, label, slot }: LockHolder & { slot?: number }): BoardHolder {
  const id = idOf(ownerToken);
  return {
    id,
    ...(host === undefined ? {} : { host }),
    ...(pid === undefined ? {} : { pid }),
    ...(label === undefined ? {} : { label }),
    ...(slot === undefined ? {} : { slot }),
  };
}

/** Makes an id of an owner token. The token itself is shown to nobody, since a release is made with it. */
function idOf(ownerToken: string): string {
  return createHash('sha256').update(ownerToken).digest('hex').slice(0, 12);
}

function differs(old: BoardLock, now: BoardLock): boolean {
  return (
    old.state !== now.state ||
    old.foreignType !== now.foreignType ||
    old.holders !== now.holders ||
    old.nodeCount !== now.nodeCount ||
    old.waiting !== now.waiting ||
    old.wholeMs < now.wholeMs - NO_NEWS_MS ||
    old.isSinceExact !== now.isSinceExact ||
    Math.abs((old.endsAt ?? 0) - (now.endsAt ?? 0)) > NO_NEWS_MS
  );
}
