/** The code that asks for a lock. */
export interface Asker {
  /** True for code that runs under a lock of the same service, and may need this one to finish. */
  readonly isInside: boolean;
  /** True if it gets the lock as a handle, so that nobody knows which code runs under it. */
  readonly takesHandle: boolean;
}

export const OUTSIDE: Asker = { isInside: false, takesHandle: false };
const OUTSIDE_FOR_HANDLE: Asker = { isInside: false, takesHandle: true };
const INSIDE: Asker = { isInside: true, takesHandle: false };
const INSIDE_FOR_HANDLE: Asker = { isInside: true, takesHandle: true };

/** Returns one of four objects, since this runs with every lock. */
export function askerFor(isInside: boolean, takesHandle: boolean): Asker {
  if (isInside) return takesHandle ? INSIDE_FOR_HANDLE : INSIDE;
  return takesHandle ? OUTSIDE_FOR_HANDLE : OUTSIDE;
}
