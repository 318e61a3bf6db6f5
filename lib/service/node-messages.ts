import type { GuardReason } from '../core/node-guard';
import { printable, printableStart } from '../errors/printable';

const LONGEST_REASON = 300;

export const nodeDown = (node: string, error: Error | undefined): string =>
  `Lock node ${printable(node)} is down${error === undefined ? '' : `: ${printableStart(error.message, LONGEST_REASON)}`}. It is tried again until it is back.`;

export const nodeBack = (node: string): string => `Lock node ${printable(node)} is back.`;

const GUARDED: Record<GuardReason, string> = {
  restarted: 'another server answers than before, or it was a replica meanwhile, so locks may be forgotten',
  young: 'it started a moment ago and may have forgotten locks',
  clock:
    'its clock ran ahead, so locks may have expired too early. Correct the clocks of servers slowly (slew), not in one step',
  duplicate: 'it is the same server as an earlier node, and a server has one vote. List each once',
};

export const nodeGuarded = (node: string, reason: GuardReason, forMs: number): string =>
  `Lock node ${printable(node)} is guarded${forMs === Infinity ? '' : ` for ${Math.ceil(forMs / 1_000)} s`} and grants no locks: ${GUARDED[reason]}.`;

export const nodeTrusted = (node: string): string => `Lock node ${printable(node)} grants locks again.`;

export const nodeRefusing = (node: string, error: Error): string =>
  `Lock node ${printable(node)} answers and refuses to grant locks: ${printable(error.message)}. It is tried every second until it grants.`;

export const nodeGranting = (node: string): string =>
  `Lock node ${printable(node)} does not refuse locks any more.`;

export const nodeWarning = (message: string): string => `Lock node ${printable(message)}`;

export const evenNodes = (count: number): string =>
  `${count} lock nodes survive the failure of ${count / 2 - 1}, and ${count - 1} would survive as many, since a majority of ${count} is ${count / 2 + 1}. Use an odd number.`;
