/** The name under which Node, Deno and Bun look for the function. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

type Inspect = (value: unknown, options: unknown) => string;

/**
 * Makes `util.inspect`, `console.log` and `JSON.stringify` show only the `facts` of the objects of a class. Such
 * an object refers to everything that it needs to open connections, passwords included, and logs and error reports
 * show whatever they are given. All of it would also be too much to read, and is circular.
 *
 * @param name the name of the class, which a bundler may have shortened
 */
export function showAs<T extends object>(
  prototype: T,
  name: string,
  facts: (shown: T) => Readonly<Record<string, unknown>>,
): void {
  define(prototype, INSPECT, function (this: T, _depth: number, options: unknown, inspect: Inspect) {
    return `${name} ${inspect(factsOf(this, facts), options)}`;
  });
  define(prototype, 'toJSON', function (this: T) {
    return factsOf(this, facts);
  });
}

/** An object that is no instance, such as the prototype itself, has no facts. */
function factsOf<T extends object>(shown: T, facts: (shown: T) => object): object {
  try {
    return facts(shown);
  } catch {
    return {};
  }
}

function define(target: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, configurable: true });
}
