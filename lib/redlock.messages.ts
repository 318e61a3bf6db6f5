import type { GuardReason } from './core/node-guard';
import { printable, printableStart } from './errors/printable';

const LONGEST_REASON = 300;

export const nodeDown = (node: string, error: Error | undefined): string =>
  `Lock node ${printable(node)} is down${error === undefined ? '' : `: ${printableStart(error.message, LONGEST_REASON)}`}. It is tried again until it is back.`;

export const nodeBack = (node: string): string => `Lock node ${printable(node)} is back.`;

const GUARDED: Record<GuardReason, string> = {
  restarted: 'another server answers than before, which may have forgotten locks',
  young: 'it started a moment ago and may have forgotten locks',
  clock:
    'its clock ran ahead, so locks may have expired too early. Let the clocks of servers be slewed, not set',
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
  `${count} lock nodes survive no more failures than ${count - 1}, since a majority of them is ${count / 2 + 1}. Use an odd number.`;

export const strangeCopies = (copies: readonly { version: string; folder: string }[]): string =>
  `nestjs-redlock is loaded in versions that do not know of each other: ${copies
    .map(({ version, folder }) => `${version} from ${folder}`)
    .join(
      ', ',
    )}. A @Locked method of one finds no lock service of the other. Install one version in all packages.`;

export const templateProblem = (template: string, problem: string): string =>
  `Lock key template ${JSON.stringify(shortened(template))}: ${problem}`;

/** A key as it was written: `'order:<0>'`; of a function nothing can be shown. */
export const quoteKey = (key: unknown): string => {
  if (typeof key === 'function') return 'a function';
  return shortened(JSON.stringify(key));
};

/** @param override, @param locked `Class.method` */
export const unlockedOverride = (override: string, locked: string): string =>
  `${override} overrides ${locked}, which is @Locked, and has no @Locked of its own: unless it calls super, it runs ` +
  'without the lock. Put @Locked on it too; a call of super then enters the same lock again.';

/** @param handler `Class.method` */
export const endlessStream = (handler: string): string =>
  `${handler} sends events under a lock without maxHold: a client that stays connected keeps it for as long as it likes. ` +
  'Set maxHold there or in the defaults of the module (Infinity, if it is meant to have no end).';

/** For messages, which people have to read. */
export const shortened = (text: string): string =>
  text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;

const LONGEST_QUOTE = 120;

/** What a client may read: no key, no node, no owner. */
export const PUBLIC_MESSAGES = {
  busy: 'The resource is in use. Try again later.',
  unavailable: 'Locks are not available at the moment. Try again later.',
  failed: 'Internal server error',
  invalid: 'A value that names the resource is missing or wrong.',
  left: 'The client has closed the connection.',
} as const;

/** When a client is asked to try again: most locks are short, and nodes come back within seconds or not at all. */
export const RETRY_AFTER_MS = 1_000;
