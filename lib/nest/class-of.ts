import { types } from 'node:util';

/** A class as Nest has it, with the methods that Nest looks for. */
export interface Class {
  readonly prototype: Record<string, unknown>;
}

/** The part of Nest's record of a provider or a controller that is used. */
interface Host {
  readonly metatype: unknown;
  readonly instance: unknown;
  /** What the arguments of a factory are. Undefined for a class. */
  readonly inject?: unknown;
}

/**
 * The class of a provider or a controller: of a factory or a value, the class of the object that it gives. Undefined if
 * there is none, and for a proxy or a mock, of which nothing is read.
 */
export function classOf({ metatype, instance, inject }: Host): Class | undefined {
  if (typeof metatype === 'function' && inject === undefined) return asClass(metatype);
  if (typeof instance !== 'object' || instance === null || types.isProxy(instance)) return undefined;
  const prototype = Object.getPrototypeOf(instance) as object | null;
  if (prototype === null || types.isProxy(prototype)) return undefined;
  return asClass(Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value);
}

function asClass(value: unknown): Class | undefined {
  if (typeof value !== 'function' || types.isProxy(value)) return undefined;
  const { prototype } = value as { prototype?: unknown };
  return typeof prototype === 'object' && prototype !== null ? value : undefined;
}
