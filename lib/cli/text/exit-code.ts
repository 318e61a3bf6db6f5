/** The exit codes of the process. docs/CLI.md documents them, and scripts rely on them. */
export const EXIT = {
  ok: 0,
  /** A problem was found, nothing was released, or the program itself failed. */
  problem: 1,
  usage: 2,
  noQuorum: 3,
  /** Everything is well, except that a node may have forgotten locks, and does not grant for now. */
  untrusted: 4,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
