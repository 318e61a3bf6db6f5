import type { KeySource } from './lock-key';

/** A call of a locked method. */
export interface MethodCall {
  readonly instance: object;
  readonly args: readonly unknown[];
  /** The positions of the parameters that have a name. */
  readonly names?: ReadonlyMap<string, number>;
}

const INDEX = /^(0|[1-9]\d*)$/;
const NAME = /^[A-Za-z_$][\w$]*$/;

/** Whether a parameter may be named so in a template. */
export function isKeyName(name: unknown): name is string {
  return typeof name === 'string' && NAME.test(name) && name !== 'this';
}

/**
 * A source whose placeholders may name parameters too, `<id>`. Whether there are such parameters shows when the method is
 * decorated.
 *
 * @param names is given the names that a template has
 */
export function namingKeySource(names: Set<string>): KeySource<MethodCall> {
  return {
    ...methodKeySource,
    refuse(root, path) {
      if (!isKeyName(root)) return methodKeySource.refuse(root, path);
      names.add(root);
      return undefined;
    },
  };
}

/** Says which placeholder of a template names nothing; undefined when each has its parameter. */
export function missingName(
  names: ReadonlySet<string>,
  known: ReadonlyMap<string, number>,
): string | undefined {
  const missing = [...names].find((name) => !known.has(name));
  return missing === undefined
    ? undefined
    : `its key names <${missing}>, and no parameter has @LockKey("${missing}"). Name it so, or write its position, as in "<0>".`;
}

/** `<0>`, `<0.user.id>`: arguments. `<this.region>`: a property of the instance. */
export const methodKeySource: KeySource<MethodCall> = {
  refuse(root, path) {
    if (INDEX.test(root)) return undefined;
    if (root !== 'this') {
      return 'A placeholder starts with the position of an argument, as in "<0>", or with "this", as in "<this.region>".';
    }
    return path.length === 0 ? 'Name a property of the instance, as in "<this.region>".' : undefined;
  },
  // What other tools name stands by its position here, and nobody knows which that is.
  spell: ([root = '0', ...path]) =>
    `<${[INDEX.test(root) || (root === 'this' && path.length > 0) ? root : '0', ...path].join('.')}>`,
  read: ({ instance, args, names }, root) =>
    root === 'this' ? instance : args[names?.get(root) ?? Number(root)],
  call: (keyFunction, { instance, args }) =>
    (keyFunction as (...args: readonly unknown[]) => unknown).apply(instance, args as unknown[]),
};
