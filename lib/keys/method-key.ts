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

/** Tells if a parameter may have this name in a template. */
export function isKeyName(name: unknown): name is string {
  return typeof name === 'string' && NAME.test(name) && name !== 'this';
}

/**
 * Makes a source whose placeholders may name parameters too, `<id>`. The parameters are known when the method is
 * decorated.
 *
 * @param names gets the names in a template
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

/** Explains which placeholder of a template names no parameter. Returns undefined if each has one. */
export function missingName(
  names: ReadonlySet<string>,
  known: ReadonlyMap<string, number>,
): string | undefined {
  const missing = [...names].find((name) => !known.has(name));
  return missing === undefined
    ? undefined
    : `its key names <${missing}>, and no parameter has @LockKey("${missing}"). Name it so, or write its position, as in "<0>".`;
}

/**
 * The placeholders of methods: `<0>` and `<0.user.id>` are arguments, `<this.region>` is a property of the
 * instance.
 */
export const methodKeySource: KeySource<MethodCall> = {
  refuse(root, path) {
    if (INDEX.test(root)) return undefined;
    if (root !== 'this') {
      return 'A placeholder starts with the position of an argument, as in "<0>", or with "this", as in "<this.region>".';
    }
    return path.length === 0 ? 'Name a property of the instance, as in "<this.region>".' : undefined;
  },
  // Other tools name a parameter, and here it has a position, which is unknown. So the first one is shown.
  spell: ([root = '0', ...path]) =>
    `<${[INDEX.test(root) || (root === 'this' && path.length > 0) ? root : '0', ...path].join('.')}>`,
  read: ({ instance, args, names }, root) =>
    root === 'this' ? instance : args[names?.get(root) ?? Number(root)],
  call: (keyFunction, { instance, args }) =>
    (keyFunction as (...args: readonly unknown[]) => unknown).apply(instance, args as unknown[]),
};
