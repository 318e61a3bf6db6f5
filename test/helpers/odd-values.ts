import fc from 'fast-check';

/** Text that breaks what was tested with "abc": halves of surrogate pairs, controls, marks, names of our own syntax. */
export const oddText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom('a', ':', '-', '<', '>', '.', '%', '{', '}', '\n', '\0', '\ud83d', '\ude00'),
  }),
  fc.constantFrom(
    ...[
      '',
      ' ',
      '\0',
      '\r\n',
      '\ud800',
      'a\udfff',
      '\u202e',
      'é',
      'e\u0301',
      '💥',
      '__proto__',
      'constructor',
    ],
    ...['toString', 'NaN', '0', '-1', '1e9', 'Infinity', 'throw', 'skip', 'observed', '{}', '*', '<0>'],
  ),
  fc.integer({ min: 900, max: 3_000 }).map((length) => 'x'.repeat(length)),
);

export const oddNumber: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, 0.5, 499, 500, 501, 10_000, 60_000, 60_001, NaN, Infinity, -Infinity),
  fc.constantFrom(2 ** 31 - 1, 2 ** 31, 2 ** 53 - 1, 2 ** 53, 1e308, 5e-324),
  fc.double(),
  fc.integer(),
);

const thrown = fc.constantFrom<unknown>(...[new Error('mine'), 'text', undefined, null, Symbol('s')]);

/** Objects that are made to be read only once, or not at all. */
function trap(names: readonly string[]): fc.Arbitrary<object> {
  return fc.oneof(
    // A getter that throws.
    fc.tuple(fc.constantFrom(...names), thrown).map(([name, error]) =>
      told(`a getter of ${name} that throws`, {
        get [name]() {
          throw error;
        },
      }),
    ),
    // Another value at every look.
    fc
      .tuple(
        fc.constantFrom(...names),
        fc.array(fc.oneof(oddNumber, oddText, fc.boolean()), { minLength: 2 }),
      )
      .map(([name, values]) => {
        let looks = 0;
        return told(`a getter of ${name} that gives ${fc.stringify(values)} in turn`, {
          get [name]() {
            return values[looks++ % values.length];
          },
        });
      }),
    thrown.map((error) => {
      const fail = (): never => {
        throw error;
      };
      // But for fast-check, which looks for symbols of its own.
      const unlessSymbol = (target: object, key: string | symbol): unknown =>
        typeof key === 'symbol' ? Reflect.get(target, key) : fail();
      return new Proxy(told('a proxy that throws', {}), {
        get: unlessSymbol,
        has: (target, key) => unlessSymbol(target, key) !== undefined,
        ownKeys: fail,
      });
    }),
  );
}

/** How fast-check writes it, since it cannot look inside. */
function told(text: string, object: object): object {
  return Object.defineProperty(object, fc.toStringMethod, { value: () => text });
}

/** Anything of any type; `names` are the properties that the code under test will look at. */
export function oddValue(names: readonly string[] = ['then', 'length', '0', 'kind']): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 3, arbitrary: oddNumber },
    { weight: 3, arbitrary: oddText },
    {
      weight: 3,
      arbitrary: fc.anything({
        withBigInt: true,
        withBoxedValues: true,
        withDate: true,
        withMap: true,
        withNullPrototype: true,
        withObjectString: true,
        withSet: true,
        withSparseArray: true,
        withTypedArray: true,
      }),
    },
    { weight: 2, arbitrary: trap(names) },
    {
      weight: 2,
      arbitrary: fc.constantFrom<unknown>(
        ...[undefined, null, true, false, 0n, 10n ** 30n, Symbol('s'), Symbol.iterator, [], {}, [[]]],
        ...[() => 1, class {}, Promise.resolve(), new Date(NaN), /x/, new Error('e'), globalThis],
        ...[Object.create(null), new Proxy({}, {}), new AbortController(), Object.freeze([''])],
      ),
    },
  );
}

/** Objects with some of `names`, good values among odd ones, and at times a name that nobody knows. */
export function oddOptions(good: Readonly<Record<string, readonly unknown[]>>): fc.Arbitrary<object> {
  const names = Object.keys(good);
  const known = Object.fromEntries(
    names.map((name) => {
      const values = good[name] ?? [];
      return [
        name,
        fc.oneof(
          { weight: 6, arbitrary: fc.constantFrom(...values) },
          { weight: 1, arbitrary: oddValue() },
          { weight: 1, arbitrary: oddNumber },
        ),
      ];
    }),
  );
  return fc
    .tuple(
      fc.record(known, { requiredKeys: [] }),
      oneIn(8, fc.tuple(oddText, oddValue())),
      oneIn(5, trap(names)),
    )
    .map(([options, unknown, trapped]) => {
      if (unknown !== null)
        Object.defineProperty(options, unknown[0], { value: unknown[1], enumerable: true });
      return trapped === null ? options : mixInto(options, trapped);
    });
}

function oneIn<T>(cases: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: cases - 1, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
}

/** Keeps getters as they are, where there are any to be seen. */
function mixInto(options: object, trapped: object): object {
  try {
    return Object.defineProperties(options, Object.getOwnPropertyDescriptors(trapped));
  } catch {
    return trapped;
  }
}
