import type { Lock } from '../locking/lock.interface';

/** A parameter with `@CurrentLock()` or `@LockSignal()`. */
export interface LockParameter {
  readonly index: number;
  readonly wants: 'lock' | 'signal';
  /** Only a lock that has it. */
  readonly resource: string | undefined;
  /** Only a lock of that service. */
  readonly connection: string | undefined;
}

/** Kept apart from the classes, as the locked methods are. */
const marked = new WeakMap<object, Map<string | symbol, LockParameter[]>>();

export function markLockParameter(
  prototype: object,
  propertyKey: string | symbol,
  parameter: LockParameter,
): void {
  const methods = marked.get(prototype) ?? new Map<string | symbol, LockParameter[]>();
  marked.set(prototype, methods.set(propertyKey, [...(methods.get(propertyKey) ?? []), parameter]));
}

/** Complete when the method is decorated: TypeScript decorates the parameters of a method before it. */
export function lockParametersOf(prototype: object, propertyKey: string | symbol): readonly LockParameter[] {
  return marked.get(prototype)?.get(propertyKey) ?? [];
}

/** Whether a lock of that service is what the parameter is for. */
export function isForParameter(
  { resource, connection }: Pick<LockParameter, 'resource' | 'connection'>,
  lock: Lock,
  lockConnection: string | undefined,
): boolean {
  return (
    (connection === undefined || connection === lockConnection) &&
    (resource === undefined || lock.resources.includes(resource))
  );
}

/** The arguments of a call that runs under `lock`, which takes the place of whatever the caller passed for it. */
export function fillLockParameters(
  args: readonly unknown[],
  parameters: readonly LockParameter[],
  lock: Lock | undefined,
  lockConnection: string | undefined,
): unknown[] {
  const filled = [...args];
  // A test has put something in the place of the lock service that gives none.
  if (lock === undefined) return filled;
  for (const parameter of parameters) {
    if (isForParameter(parameter, lock, lockConnection)) {
      filled[parameter.index] = wantedOf(parameter, lock);
    }
  }
  return filled;
}

export function wantedOf({ wants }: LockParameter, lock: Lock | undefined): Lock | AbortSignal | undefined {
  return wants === 'signal' ? lock?.signal : lock;
}
