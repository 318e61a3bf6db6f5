import { PlaceInLines } from '../../../lib/core/line';
import type { LockKind } from '../../../lib/ports/lock-kind';
import type { LeaveRequest, LockNode } from '../../../lib/ports/lock-node.interface';

const ENTRY_MS = 3_000;
/** The time of the leading node. */
const NOW_MICROS = 1_790_000_000_000_000;
const LIMITED: LockKind = { mode: 'limited', limit: 4, permits: 2 };

function place(kind?: LockKind) {
  const left: { node: string; request: LeaveRequest }[] = [];
  const nodes = ['a', 'b', 'c'].map((node) => ({
    name: node,
    leave: (request: LeaveRequest) => left.push({ node, request }),
  })) as unknown as LockNode[];
  let ids = 0;
  const places = new PlaceInLines({ nodes, entryMs: ENTRY_MS, newId: () => `id-${++ids}` }, ['x'], kind);
  let attempts = 0;
  /** An attempt that is denied, and told of how many are before the caller. */
  const beDenied = ({ isAtAllNodes = true, nowMs = 0, leaderMicros = NOW_MICROS, isFar = false } = {}) => {
    const attempt = places.asks(isAtAllNodes, nowMs, `token-${++attempts}`);
    places.note({ ahead: 1, leaderMicros }, isFar);
    return attempt;
  };
  return { places, left, nodes, beDenied, whoLeft: () => left.map(({ node }) => node) };
}

describe('what a caller sends of its place in line', () => {
  it('is the same for all newcomers, who have no name yet', () => {
    const { places } = place();

    expect(places.entry).toEqual({ id: 'newcomer', entryMs: ENTRY_MS });
    expect(places.entry).toBe(place().places.entry);
  });

  it('has a name where it wants permits, since it is counted by them', () => {
    expect(place(LIMITED).places.entry).toEqual({ id: 'id-1', permits: 2, limit: 4, entryMs: ENTRY_MS });
  });

  it('keeps the name that it has told, and has no ticket before a node told its time', () => {
    const { places } = place();
    expect(places.id).toBe('id-1');

    expect(places.entry).toStrictEqual({ id: 'id-1', entryMs: ENTRY_MS });
    expect(places.needsTicket).toBe(true);
  });

  it('has the ticket of its first denial, for the whole wait', () => {
    const { places, beDenied } = place();
    beDenied();

    beDenied({ leaderMicros: NOW_MICROS + 5_000_000 });

    expect(places.entry).toEqual({ id: 'id-1', entryMs: ENTRY_MS, ticket: NOW_MICROS });
    expect(places.needsTicket).toBe(false);
  });

  it('has the ticket with which it began', () => {
    const { places, beDenied } = place();
    places.begin(NOW_MICROS - 1);
    places.begin(NOW_MICROS - 2);

    beDenied();

    expect(places.entry.ticket).toBe(NOW_MICROS - 1);
  });

  it('has a new ticket where the old one lies in the future by more than a place lasts', () => {
    const { places, beDenied } = place();
    beDenied({ leaderMicros: NOW_MICROS + ENTRY_MS * 1_000 });
    beDenied();
    expect(places.entry.ticket).toBe(NOW_MICROS + ENTRY_MS * 1_000);

    beDenied({ leaderMicros: NOW_MICROS - 1 });

    expect(places.entry.ticket).toBe(NOW_MICROS - 1);
  });

  it('has no ticket while too few nodes answer, and again when they do', () => {
    const { places, beDenied } = place();
    beDenied({ isFar: true });
    expect(places.entry).toEqual({ id: 'id-1', entryMs: ENTRY_MS });
    expect(places.isToBeEntered).toBe(false);

    beDenied();

    expect(places.entry.ticket).toBe(NOW_MICROS);
    expect(places.isToBeEntered).toBe(true);
  });

  it('has no ticket any more when the wait is over', () => {
    const { places, beDenied } = place();
    beDenied();

    places.end();

    expect(places.entry).toEqual({ id: 'id-1', entryMs: ENTRY_MS });
  });
});

describe('the place of a caller on the nodes', () => {
  it('is made by the attempt after the one that told the ticket, which asks all nodes', () => {
    const { places, beDenied } = place();
    expect([places.isNew, places.mustAskAll, places.isToBeEntered, places.isEntered]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    beDenied();
    expect([places.isNew, places.mustAskAll, places.isToBeEntered, places.isEntered]).toEqual([
      false,
      true,
      true,
      false,
    ]);

    beDenied();

    expect([places.mustAskAll, places.isToBeEntered, places.isEntered]).toEqual([false, false, true]);
  });

  it('is still missing on some nodes after only the leading one was asked', () => {
    const { places, beDenied } = place();
    beDenied();

    beDenied({ isAtAllNodes: false });

    expect([places.mustAskAll, places.isEntered]).toEqual([true, true]);
  });

  it('is kept by asking all nodes three times while it lasts', () => {
    const { places, beDenied } = place();
    beDenied();
    expect(places.isBeatDue(ENTRY_MS)).toBe(false);
    beDenied({ nowMs: 100 });
    beDenied({ nowMs: 500, isAtAllNodes: false });

    expect(places.isBeatDue(100 + ENTRY_MS / 3 - 1)).toBe(false);
    expect(places.isBeatDue(100 + ENTRY_MS / 3)).toBe(true);
  });

  it('is left where a majority does not answer any more, once, and made again with the next that does', () => {
    const { places, beDenied, whoLeft } = place();
    beDenied();
    beDenied();
    beDenied({ isFar: true });
    expect(whoLeft()).toEqual(['a', 'b', 'c']);
    beDenied({ isFar: true });
    expect(whoLeft()).toHaveLength(3);
    expect([places.isEntered, places.mustAskAll, places.isBeatDue(Infinity)]).toEqual([false, true, false]);

    places.note(undefined, false);

    expect([places.mustAskAll, places.isToBeEntered]).toEqual([true, true]);
  });

  it('is asked for at all nodes while a majority does not answer, also before its ticket is known', () => {
    const { places } = place();

    places.asks(true, 0, 'token');
    places.note({ ahead: 1, leaderMicros: undefined }, true);

    expect([places.needsTicket, places.mustAskAll]).toEqual([true, true]);
  });

  it('is as far as it was when only the leading node was asked', () => {
    const { places, beDenied } = place();
    beDenied({ isFar: true });

    places.note({ ahead: 2, leaderMicros: undefined }, undefined);

    expect([places.ahead, places.entry.ticket]).toEqual([2, undefined]);
  });

  it('is left at the end of the wait on the nodes that did not grant, under a token of its own', () => {
    const { places, beDenied, left, whoLeft } = place(LIMITED);
    beDenied();
    beDenied();

    places.end((position) => position === 1);
    places.end();

    expect(whoLeft()).toEqual(['a', 'c']);
    expect(left[0]?.request).toEqual({
      resources: ['x'],
      shared: undefined,
      line: { id: 'id-1', permits: 2, limit: 4 },
      wakeWaiters: true,
      ownerToken: 'id-2',
    });
    expect(places.isEnded).toBe(true);
  });

  it('is not left where no node has it', () => {
    const { places, beDenied, left } = place();
    beDenied();

    places.end();

    expect(left).toEqual([]);
  });

  it('is left on a node that makes it after the end, and not before', () => {
    const { places, beDenied, nodes, whoLeft } = place();
    const [node] = nodes as [LockNode];
    beDenied();
    places.leaveLate(node);
    expect(whoLeft()).toEqual([]);

    places.end();
    places.leaveLate(node);

    expect(whoLeft()).toEqual(['a']);
  });

  it('ends by itself on a node that cannot be told', () => {
    const { places, beDenied, nodes, whoLeft } = place();
    nodes[0] = {
      leave: () => {
        throw new Error('a mistake in the node');
      },
    } as unknown as LockNode;
    beDenied();
    beDenied();

    places.end();

    expect(whoLeft()).toEqual(['b', 'c']);
  });
});

describe('the place that a clean-up puts back (R30)', () => {
  it('is that of the last attempt, while the caller waits', () => {
    const { places, beDenied } = place();
    beDenied();
    const attempt = beDenied();
    expect(places.entryToPutBack(attempt)).toEqual({ id: 'id-1', entryMs: ENTRY_MS, ticket: NOW_MICROS });

    const later = beDenied();

    expect(places.entryToPutBack(attempt)).toBeUndefined();
    expect(places.entryToPutBack(later)).toBeDefined();
  });

  it('is none where no node may have it', () => {
    const { places, beDenied } = place();

    expect(places.entryToPutBack(beDenied())).toBeUndefined();
  });

  it('is none where too few nodes answer', () => {
    const { places, beDenied } = place();
    beDenied();
    beDenied();

    expect(places.entryToPutBack(beDenied({ isFar: true }))).toBeUndefined();
  });

  it('is none after the end', () => {
    const { places, beDenied } = place();
    beDenied();
    const attempt = beDenied();

    places.end();

    expect(places.entryToPutBack(attempt)).toBeUndefined();
    expect(places.entryToPutBack(beDenied())).toBeUndefined();
  });
});

describe('what a caller in line hears late', () => {
  it('is its ticket, once, and nothing after the end', () => {
    const { places } = place();
    const onTicket = jest.fn();
    places.onTicket = onTicket;
    places.noteLate(undefined);
    expect(onTicket).not.toHaveBeenCalled();

    places.noteLate(NOW_MICROS);
    places.noteLate(NOW_MICROS + 1);

    expect(onTicket).toHaveBeenCalledTimes(1);
    expect(places.entry.ticket).toBe(NOW_MICROS);
  });

  it('is no ticket after the end', () => {
    const { places } = place();
    places.end();

    places.noteLate(NOW_MICROS);

    expect(places.needsTicket).toBe(true);
  });

  it('is told of its own attempts by their tokens: the last one, and the one before', () => {
    const { places, beDenied } = place();
    for (let i = 0; i < 3; i++) beDenied();

    expect(['token-1', 'token-2', 'token-3'].map((token) => places.isOwn(token))).toEqual([
      false,
      true,
      true,
    ]);
  });
});
