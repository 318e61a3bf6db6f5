/** The names of the RedlockModules that were made in this process. Undefined stands for the one without a name. */
const known = new Set<string | undefined>();

export function noteConnection(name: string | undefined): void {
  known.add(name);
}

export function isKnownConnection(name: string | undefined): boolean {
  return known.has(name);
}
