/** What the process ends with; documented in docs/CLI.md, and scripts rely on it. */
export const EXIT = {
  ok: 0,
  /** A problem was found, nothing was released, or the program itself failed. */
  problem: 1,
  usage: 2,
  noQuorum: 3,
  /** All is well but that a node may have forgotten locks, and grants none for now. */
  untrusted: 4,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
