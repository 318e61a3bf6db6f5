import type { BatchEntry, SetEntry } from '../../../../lib/redis/request/batch-entry';
import { CommandBatch, MOST_IN_BATCH } from '../../../../lib/redis/request/command-batch';
import { EarlyPart } from '../../../../lib/redis/request/early-part';
import { systemClock } from '../../../../lib/system/system-clock';

function entry(resource: string, letter: BatchEntry['letter'] = 'a', ttlMs = 1_000, keys = 1): BatchEntry {
  const request = {
    resources: [resource, ...Array.from({ length: keys - 1 }, (_, i) => `${resource}+${i}`)],
    ownerToken: 'anna',
    ttlMs,
    askHolderTtl: false,
    wakeWaiters: true,
  };
  return { letter, request, vote: () => undefined };
}

function setEntry(...resources: string[]): SetEntry {
  const request = { resources, ownerToken: 'anna', ttlMs: 1_000, wakeWaiters: true };
  return { letter: 'sr', request, vote: () => undefined };
}

function recorder() {
  const sent: string[][] = [];
  const names = (entries: readonly BatchEntry[]) => entries.map(({ request }) => request.resources[0] ?? '');
  const sender = {
    underWay: 0 as number | undefined,
    inOnePacket: (send: () => void) => {
      send();
    },
    sendOne: (one: BatchEntry) => sent.push(['alone', ...names([one])]),
    sendMany: (many: readonly BatchEntry[]) => sent.push(names(many)),
    sendSets: (sets: readonly SetEntry[]) =>
      sent.push(['sets', ...sets.map(({ request }) => request.resources[0] ?? '')]),
  };
  return { sent, sender };
}

const tick = () =>
  new Promise<void>((resolve) => {
    process.nextTick(resolve);
  });

describe('the requests of one tick to a node', () => {
  it('leave together at its end, before the event loop looks at anything else', async () => {
    const { sent, sender } = recorder();
    const batch = new CommandBatch(sender, undefined);
    let sentBeforeTimers = 0;
    setTimeout(() => (sentBeforeTimers = sent.length), 0);
    setImmediate(() => (sentBeforeTimers ||= sent.length));

    batch.add(entry('a'));
    batch.add(entry('b'));
    const sentInTheTick = sent.length;
    await new Promise((resolve) => setImmediate(resolve));

    expect(sentInTheTick).toBe(0);
    expect(sent).toEqual([['a', 'b']]);
    expect(sentBeforeTimers).toBe(1);
  });

  it('leave as themselves when they are alone', async () => {
    const { sent, sender } = recorder();
    const batch = new CommandBatch(sender, undefined);

    batch.add(entry('a'));
    await tick();
    batch.add(entry('b'));
    await tick();

    expect(sent).toEqual([
      ['alone', 'a'],
      ['alone', 'b'],
    ]);
  });

  it.each([127, 128, 129, 256, 257, 400])(
    'are %d, and leave in batches of a bounded size, in order',
    async (count) => {
      const { sent, sender } = recorder();
      const batch = new CommandBatch(sender, undefined);
      const names = Array.from({ length: count }, (_, i) => `r${i}`);

      for (const name of names) batch.add(entry(name));
      await tick();

      expect(sent.flat().filter((name) => name !== 'alone')).toEqual(names);
      expect(sent).toHaveLength(Math.ceil(count / MOST_IN_BATCH));
    },
  );

  it('are counted by their keys: a batch of several resources each is as long as any', async () => {
    const { sent, sender } = recorder();
    const batch = new CommandBatch(sender, undefined);
    const keys = [60, 60, 8, 1, 200, 3, 4];

    for (const [i, count] of keys.entries()) batch.add(entry(`r${i}`, 'a', 1_000, count));
    await tick();

    expect(sent).toEqual([
      ['r0', 'r1', 'r2'],
      ['alone', 'r3'],
      ['alone', 'r4'],
      ['r5', 'r6'],
    ]);
  });

  it('leave in batches of one ttl each, while releases go with any of them', async () => {
    const { sent, sender } = recorder();
    const batch = new CommandBatch(sender, undefined);

    batch.add(entry('release 1', 'w', 1));
    batch.add(entry('a', 'a', 1_000));
    batch.add(entry('release 2', 'r', 2));
    batch.add(entry('b', 'e', 1_000));
    batch.add(entry('c', 't', 2_000));
    batch.add(entry('release 3', 'w', 3));
    batch.add(entry('d', 'a', 1_000));
    await tick();

    expect(sent).toEqual([
      ['release 1', 'a', 'release 2', 'b'],
      ['c', 'release 3'],
      ['alone', 'd'],
    ]);
  });

  it('leave as one batch of each kind where readers, permits and other locks are asked for by turns', async () => {
    const { sent, sender } = recorder();
    const batch = new CommandBatch(sender, undefined);

    for (const name of ['1', '2', '3']) {
      batch.add(entry(`lock ${name}`));
      batch.add(setEntry(`reader ${name}`));
    }
    await tick();

    expect(sent).toEqual([
      ['lock 1', 'lock 2', 'lock 3'],
      ['sets', 'reader 1', 'reader 2', 'reader 3'],
    ]);
  });

  it('of both kinds for the same resource leave in order, each after what was asked for before', async () => {
    const { sent, sender } = recorder();
    const batch = new CommandBatch(sender, undefined);

    batch.add(setEntry('x'));
    batch.add(entry('a', 'w'));
    batch.add(entry('b', 'w'));
    batch.add(setEntry('y'));
    batch.add(setEntry('c', 'a'));
    batch.add(entry('z'));
    batch.add(entry('d', 'a', 1_000, 1));
    batch.add(entry('y'));
    batch.add(setEntry('e'));
    await tick();

    expect(sent).toEqual([
      ['a', 'b'],
      ['sets', 'x', 'y', 'c'],
      ['z', 'd', 'y'],
      ['sets', 'e'],
    ]);
  });

  it('of both kinds leave in no more commands because of a resource whose earlier requests have left', async () => {
    const { sent, sender } = recorder();
    const batch = new CommandBatch(sender, undefined);

    batch.add(entry('a'));
    batch.add(setEntry('a'));
    batch.add(entry('b'));
    batch.add(setEntry('a'));
    batch.add(entry('c'));
    await tick();

    expect(sent).toEqual([
      ['alone', 'a'],
      ['b', 'c'],
      ['sets', 'a', 'a'],
    ]);
  });

  it('keep their places around one that has to go by itself', async () => {
    const { sent, sender } = recorder();
    const batch = new CommandBatch(sender, undefined);

    batch.add(entry('a'));
    batch.add(setEntry('reader'));
    batch.add(entry('b'));
    batch.addAlone(() => sent.push(['by itself']));
    batch.add(entry('c'));
    await tick();

    expect(sent).toEqual([['a', 'b'], ['sets', 'reader'], ['by itself'], ['alone', 'c']]);
  });

  it('leave in groups where they cannot all go together, each in order', async () => {
    const { sent, sender } = recorder();
    const batch = new CommandBatch(sender, ({ resources }) => Number(resources[0]?.charAt(0)));

    for (const name of ['1a', '2a', '1b', '2b', '3a', '1c']) batch.add(entry(name));
    await tick();

    expect(sent).toEqual([
      ['1a', '1b', '1c'],
      ['2a', '2b'],
      ['alone', '3a'],
    ]);
  });

  it('asked for while a batch leaves go with the next', async () => {
    const { sent, sender } = recorder();
    const batch = new CommandBatch(sender, undefined);

    batch.addAlone(() => {
      batch.add(entry('b'));
    });
    batch.add(entry('a'));
    await tick();
    await tick();

    expect(sent).toEqual([
      ['alone', 'a'],
      ['alone', 'b'],
    ]);
  });
});

describe('a full batch', () => {
  const names = Array.from({ length: MOST_IN_BATCH + 2 }, (_, i) => `r${i}`);

  it('leaves before the tick ends, and the rest at its end', async () => {
    const { sent, sender } = recorder();
    const batch = new CommandBatch(sender, undefined);

    for (const name of names) batch.add(entry(name));
    const early = [...sent];
    await tick();

    expect(early).toEqual([names.slice(0, MOST_IN_BATCH)]);
    expect(sent).toEqual([names.slice(0, MOST_IN_BATCH), names.slice(MOST_IN_BATCH)]);
  });

  it.each([
    ['nothing can be sent', undefined, undefined],
    ['requests leave in groups', 0, () => 0],
  ])('waits for the end of the tick where %s', async (_, underWay, groupOf) => {
    const { sent, sender } = recorder();
    sender.underWay = underWay;
    const batch = new CommandBatch(sender, groupOf);

    for (const name of names) batch.add(entry(name));
    const early = sent.length;
    await tick();

    expect(early).toBe(0);
    expect(sent.flat()).toEqual(names);
  });
});

describe('callers that ask at the same moment again and again', () => {
  /** Each tick takes 2 ms, and the replies come `awayMs` after it. Returns what left in the tick, and what at its end. */
  async function lastOfThreeTicks(
    ask: (batch: CommandBatch) => void,
    { awayMs = 1, underWay = 0, isOnly = true, groupOf }: Partial<Ticks> = {},
  ) {
    const { sent, sender } = recorder();
    let nowMs = 0;
    let looks = 0;
    const now = () => {
      looks += 1;
      return nowMs;
    };
    const early = isOnly ? new EarlyPart({ ...systemClock, now }) : undefined;
    const batch = new CommandBatch(sender, groupOf, undefined, early);
    let inTheTick: string[][] = [];
    for (let i = 0; i < 3; i++) {
      nowMs += awayMs;
      sent.length = 0;
      sender.underWay = i === 2 ? underWay : 0;
      ask(batch);
      inTheTick = [...sent];
      nowMs += 2;
      await tick();
    }
    return { inTheTick, atTheEnd: sent.slice(inTheTick.length), looks };
  }

  interface Ticks {
    awayMs: number;
    underWay: number;
    isOnly: boolean;
    groupOf: () => number;
  }

  const five = (batch: CommandBatch) => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) batch.add(entry(name));
  };

  it('are sent in halves, in order, so that the server works while they ask', async () => {
    const { inTheTick, atTheEnd } = await lastOfThreeTicks(five);

    expect(inTheTick).toEqual([['a', 'b', 'c']]);
    expect(atTheEnd).toEqual([['d', 'e']]);
  });

  it('are sent in order also around a command that has to go by itself', async () => {
    const { sent, sender } = recorder();
    const batch = new CommandBatch(
      sender,
      undefined,
      undefined,
      new EarlyPart({ ...systemClock, now: () => 0 }),
    );
    for (const _ of [1, 2, 3]) {
      sent.length = 0;
      batch.add(entry('a'));
      batch.addAlone(() => sent.push(['by itself']));
      batch.add(entry('b'));
      batch.add(entry('c'));
      await tick();
    }

    expect(sent).toEqual([['alone', 'a'], ['by itself'], ['b', 'c']]);
  });

  it.each<[string, Partial<Ticks>]>([
    ['a request is under way, which keeps the server busy', { underWay: 1 }],
    ['the server is far away', { awayMs: 8.3 }],
    ['several nodes are asked', { isOnly: false }],
    ['requests leave in groups', { groupOf: () => 0 }],
  ])('are sent together where %s', async (_, ticks) => {
    const { inTheTick, atTheEnd } = await lastOfThreeTicks(five, ticks);

    expect(inTheTick).toEqual([]);
    expect(atTheEnd).toEqual([['a', 'b', 'c', 'd', 'e']]);
  });

  it('cost no look at the clock when there is only one', async () => {
    const { inTheTick, atTheEnd, looks } = await lastOfThreeTicks((batch) => {
      batch.add(entry('a'));
    });

    expect(inTheTick).toEqual([]);
    expect(atTheEnd).toEqual([['alone', 'a']]);
    expect(looks).toBe(0);
  });
});
