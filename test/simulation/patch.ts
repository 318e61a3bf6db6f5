/** Replaces one method of a class; the returned function puts it back. */
export function patch<T extends object, K extends keyof T>(
  target: T,
  name: K,
  change: (original: T[K]) => T[K],
): () => void {
  const original = target[name];
  target[name] = change(original);
  return () => {
    target[name] = original;
  };
}

export function patchGetter(target: object, name: string, get: () => unknown): () => void {
  const original = Object.getOwnPropertyDescriptor(target, name);
  if (original === undefined) throw new Error(`there is no ${name}`);
  Object.defineProperty(target, name, { ...original, get });
  return () => {
    Object.defineProperty(target, name, original);
  };
}

/** What is written to this property of any instance is not there when it is read. */
export function forget(target: object, name: string): () => void {
  Object.defineProperty(target, name, { configurable: true, get: () => undefined, set() {} });
  return () => {
    Reflect.deleteProperty(target, name);
  };
}
