import fc from 'fast-check';
import type { BatchEntry } from '../../lib/redis/request/batch-entry';
import { systemClock } from '../../lib/system/system-clock';
import { BatchEncoder } from '../../lib/redis/request/encoded-batch';
import { FenceCounters } from '../../lib/redis/request/fence-counters';
import { BATCH } from '../../lib/redis/script/batch-script';
import { RELEASE } from '../../lib/redis/script/lua-scripts';
import { VirtualClock } from '../helpers/virtual-clock';

const LETTERS = ['a', 't', 'e', 'n', 'r', 'w'] as const;

/** Names as people give them: of several bytes per letter, with line ends, next to nothing. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('', ' ', '\r\n', '$1\r\na', '*3\r\n', 'größe:✓', '👩‍👩‍👧', '\0', '{}'),
);

const drawn = fc.record({
  letter: fc.constantFrom(...LETTERS),
  resources: fc.array(text, { minLength: 1, maxLength: 3 }),
  ownerToken: text,
  replaces: text,
});

function entriesFrom(
  batch: readonly { letter: string; resources: readonly string[]; ownerToken: string; replaces: string }[],
  ttlMs: number,
) {
  return batch.map(({ letter, resources, ownerToken, replaces }) => ({
    letter,
    request: {
      resources,
      ownerToken,
      fence: { proposal: 1_790_000_000_000_000, skewMicros: 2.5, keepMs: 3.5 },
      replaces,
      ttlMs,
      askHolderTtl: false,
      wakeWaiters: letter === 'w',
    },
    vote: () => undefined,
  })) as unknown as BatchEntry[];
}

/** As the protocol and the script say, without any thought of speed. */
function plainly(prefix: string, entries: readonly BatchEntry[]): Buffer {
  const ttls = entries.flatMap(({ letter, request }) =>
    letter === 'r' || letter === 'w' ? [] : [request.ttlMs],
  );
  const keysOf = ({ request }: BatchEntry) => request.resources.map((resource) => prefix + resource);
  const keys = entries.flatMap(keysOf);
  const places = new FenceCounters(prefix);
  const counters = entries.flatMap((entry) =>
    entry.letter === 'n' ? keysOf(entry).map((key) => places.of(key)) : [],
  );
  const parts = [
    'evalsha',
    BATCH.sha,
    String(keys.length + counters.length),
    ...keys,
    ...counters,
    entries.map(lettersOf).join(''),
    String(Math.max(1, Math.ceil(ttls[0] ?? 1))),
    // The channel of all who wait.
    prefix,
    ...entries.flatMap(tokensOf),
  ];
  return plain(parts);
}

function plain(given: readonly (string | Buffer)[]): Buffer {
  const parts = given.map((part) => Buffer.from(part));
  return Buffer.concat([
    Buffer.from(`*${parts.length}\r\n`),
    ...parts.flatMap((part) => [Buffer.from(`$${part.length}\r\n`), part, Buffer.from('\r\n')]),
  ]);
}

function lettersOf({ letter, request }: BatchEntry): string {
  const { length } = request.resources;
  if (length === 1) return letter;
  if (letter === 'r' || letter === 'w') return letter.repeat(length);
  return ({ a: 'A', e: 'E' }[letter as string] ?? letter).padEnd(length, '+');
}

function tokensOf(entry: BatchEntry): string[] {
  const { letter, request } = entry;
  const { ownerToken, resources } = request;
  if (letter === 'r' || letter === 'w') return resources.map(() => ownerToken);
  const rest = resources.slice(1).map(() => '');
  if (letter === 't') return [`${ownerToken}\n${String(request.replaces)}`, ...rest];
  if (letter === 'n') return [`${ownerToken}\n1790000000000000 2 4\n${String(request.replaces)}`, ...rest];
  return [ownerToken, ...rest];
}

function written(encoder: BatchEncoder, entries: readonly BatchEntry[]): Buffer {
  return encoder.encode(entries);
}

describe('a batch on the wire', () => {
  it('asks for the time of its node once in a second, and of all nodes in the same one', async () => {
    const clock = new VirtualClock();
    const encoder = new BatchEncoder('lock:', clock);
    const batches = ['a', 'b', 'c'].map((resource) =>
      entriesFrom([{ letter: 'a', resources: [resource], ownerToken: 'anna', replaces: '' }], 1_000),
    );
    const asks = (entries: readonly BatchEntry[]) =>
      written(encoder, entries).toString().endsWith('$4\r\nanna\r\n$1\r\n1\r\n');
    const [first = [], second = [], third = []] = batches;

    expect(asks(first)).toBe(false);
    await clock.advance(1_000);
    expect([asks(second), asks(second), asks(third)]).toEqual([true, true, false]);
  });

  it('is what the protocol of Redis says, whatever the names are', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('lock:', '', 'größe:'),
        fc.array(drawn, { minLength: 1, maxLength: 10 }),
        fc.double({ min: 0.01, max: 1e6, noNaN: true }),
        (prefix, batch, ttlMs) => {
          const entries = entriesFrom(batch, ttlMs);

          expect(written(new BatchEncoder(prefix, new VirtualClock()), entries)).toEqual(
            plainly(prefix, entries),
          );
        },
      ),
    );
  });

  it('is never that of other requests, for any batches of any nodes one after another', () => {
    fc.assert(
      fc.property(
        fc.array(drawn, { minLength: 2, maxLength: 5 }),
        fc.array(
          fc.array(fc.record({ which: fc.nat(4), letter: fc.option(fc.constantFrom(...LETTERS)) }), {
            minLength: 1,
            maxLength: 4,
          }),
          {
            maxLength: 200,
          },
        ),
        (pool, batches) => {
          const encoder = new BatchEncoder('lock:', new VirtualClock());
          const entries = entriesFrom(pool, 10_000);

          for (const batch of batches) {
            // The same request objects again and again, in other orders and now and then for another verb.
            const asked = batch.map(({ which, letter }) => {
              const entry = entries[which % entries.length] as BatchEntry;
              return letter === null ? entry : ({ ...entry, letter } as BatchEntry);
            });
            expect(written(encoder, asked)).toEqual(plainly('lock:', asked));
          }
        },
      ),
    );
  });

  it('is encoded once for all nodes that are asked the same', () => {
    const encoder = new BatchEncoder('lock:', new VirtualClock());
    const entries = entriesFrom(
      ['a', 'b'].map((resource) => ({
        letter: 'a',
        resources: [resource],
        ownerToken: 'anna',
        replaces: '',
      })),
      10_000,
    );
    const askedOfAnother = entries.map((entry) => ({ ...entry, vote: () => undefined }));

    expect(written(encoder, askedOfAnother)).toBe(written(encoder, entries));
  });

  it('is kept for the tick only: a lock must not live on in what was sent for it', async () => {
    const encoder = new BatchEncoder('lock:', systemClock);
    const inside = encoder as unknown as { readonly recent: readonly unknown[] };

    for (const resource of ['a', 'b']) {
      written(
        encoder,
        entriesFrom([{ letter: 'a', resources: [resource], ownerToken: 'anna', replaces: '' }], 10_000),
      );
    }
    expect(inside.recent).toHaveLength(2);
    await new Promise((resolve) => setImmediate(resolve));

    expect(inside.recent).toHaveLength(0);
  });
});

describe('a lone request on the wire', () => {
  it('is what the protocol says, for all names, and the same for all nodes', () => {
    fc.assert(
      fc.property(text, text, text, fc.integer({ min: 1, max: 100_000 }), (prefix, name, token, ttlMs) => {
        const encoder = new BatchEncoder(prefix, new VirtualClock(), 2);
        const request = {
          resources: [name],
          ownerToken: token,
          ttlMs,
          askHolderTtl: false,
          wakeWaiters: true,
        };
        const acquire = ['set', prefix + name, token, 'PX', String(ttlMs), 'NX'];
        const release = ['evalsha', RELEASE.sha, '1', prefix + name, token, '0', '1', '2', prefix];

        expect(asSent(encoder.encodeLoneAcquire(request))).toEqual(plain(acquire));
        expect(asSent(encoder.encodeLoneAcquire(request))).toEqual(plain(acquire));
        expect(asSent(encoder.encodeLoneRelease({ ...request }))).toEqual(plain(release));
      }),
    );
  });
});

/** As a socket writes it. */
function asSent(sent: Buffer | string): Buffer {
  return Buffer.from(sent as string);
}
