export const nodeDown = (node: string, error: Error | undefined): string =>
  `Lock node ${node} is down${error === undefined ? '' : `: ${error.message}`}. It is tried again until it is back.`;

export const nodeBack = (node: string): string => `Lock node ${node} is back.`;

export const evenNodes = (count: number): string =>
  `${count} lock nodes survive no more failures than ${count - 1}, since a majority of them is ${count / 2 + 1}. Use an odd number.`;

export const templateProblem = (template: string, problem: string): string =>
  `Lock key template ${JSON.stringify(template)}: ${problem}`;

/** What a client may read: no key, no node, no owner. */
export const PUBLIC_MESSAGES = {
  busy: 'The resource is in use. Try again later.',
  unavailable: 'Locks are not available at the moment. Try again later.',
  failed: 'Internal server error',
} as const;
