/** Who asks for a lock. */
export interface Asker {
  /** Code that runs under a lock of the same service, and may need this one to come to its end. */
  readonly isInside: boolean;
  /** It gets the lock as a handle, so nobody knows which code runs under it. */
  readonly takesHandle: boolean;
}

export const OUTSIDE: Asker = { isInside: false, takesHandle: false };
const OUTSIDE_FOR_HANDLE: Asker = { isInside: false, takesHandle: true };
const INSIDE: Asker = { isInside: true, takesHandle: false };
const INSIDE_FOR_HANDLE: Asker = { isInside: true, takesHandle: true };

/** One of four objects, since this runs with every lock. */
export function askerFor(isInside: boolean, takesHandle: boolean): Asker {
  if (isInside) return takesHandle ? INSIDE_FOR_HANDLE : INSIDE;
  return takesHandle ? OUTSIDE_FOR_HANDLE : OUTSIDE;
}
