import type { FailedVote } from '../ports/lock-node.interface';

/** Stands for the vote of a node that need not be asked, since it has nothing. */
export const NOT_ASKED = { kind: 'denied' } as const;

/** Stands for the vote of a silent node. */
export const SILENT: FailedVote = {
  kind: 'failed',
  error: new Error('silent while the other nodes answer; it is asked again when it answers too'),
};
