import { types } from 'node:util';
import { lockedMethodsOf, ownLockedMethodsOf } from '../calls/locked-methods';
import { warnOnce } from './warn-once';

/** Warns of methods that override a locked method and have no lock themselves. */
export function warnOfUnlockedOverrides(instance: object, application: object): void {
  for (const warning of unlockedOverridesOf(instance)) warnOnce(application, warning);
}

function unlockedOverridesOf(instance: object): string[] {
  // Nothing is read of a proxy or mock, since that may run an application's code.
  const levels = types.isProxy(instance) ? prototypesOf(instance) : [instance, ...prototypesOf(instance)];
  const keys = new Set(lockedMethodsOf(prototypeOf(instance)).map(({ key }) => key));
  return [...keys].flatMap((key) => unlockedOverrideOf(key, levels) ?? []);
}

/** Follows a call from the object upwards, until it comes to a locked method or ends at an unlocked one. */
function unlockedOverrideOf(key: string | symbol, levels: readonly object[]): string | undefined {
  let endsAt: object | undefined;
  for (const level of levels) {
    const locked = ownLockedMethodsOf(level).find((method) => method.key === key);
    if (locked !== undefined) {
      return (
        endsAt &&
        unlockedOverride(
          `${classOf(endsAt)}.${String(key)}`,
          `${classOf(level)}.${String(key)}`,
          locked.decorator,
        )
      );
    }
    const descriptor = Object.getOwnPropertyDescriptor(level, key);
    if (descriptor !== undefined && !callsSuper(descriptor.value)) endsAt ??= level;
  }
  return undefined;
}

/** Tells if the text of a method calls super. A method that calls the locked method is as good as locked. */
function callsSuper(method: unknown): boolean {
  return typeof method === 'function' && /super\b/.test(Function.prototype.toString.call(method));
}

function classOf(level: object): string {
  return typeof level.constructor === 'function' ? level.constructor.name : 'an object';
}

function prototypesOf(instance: object): object[] {
  const prototypes: object[] = [];
  for (let at = prototypeOf(instance); at !== null; at = prototypeOf(at)) prototypes.push(at);
  return prototypes;
}

function prototypeOf(of: object): object | null {
  return Object.getPrototypeOf(of) as object | null;
}

/** @param override, @param locked `Class.method`, @param decorator such as `@Locked` */
export const unlockedOverride = (override: string, locked: string, decorator: string): string =>
  `${override} overrides ${locked}, which is ${decorator}, and has no ${decorator} of its own: unless it calls super, it runs ` +
  `without the lock. Put ${decorator} on it too; a call of super then enters the same lock again.`;
