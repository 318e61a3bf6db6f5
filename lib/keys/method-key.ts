import type { KeySource } from './lock-key';

/** A call of a locked method. */
export interface MethodCall {
  readonly instance: object;
  readonly args: readonly unknown[];
}

const INDEX = /^(0|[1-9]\d*)$/;

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
  read: ({ instance, args }, root) => (root === 'this' ? instance : args[Number(root)]),
  call: (keyFunction, { instance, args }) =>
    (keyFunction as (...args: readonly unknown[]) => unknown).apply(instance, args as unknown[]),
};
