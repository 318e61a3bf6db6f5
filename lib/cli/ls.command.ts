import type { Command, Invocation } from './command.interface';
import type { Terminal } from './terminal';
import { refuseTheSameTwice } from './nodes/describe-nodes';
import { findLocks, type Search } from './nodes/find-locks';
import { withNodeClients } from './nodes/node-client';
import { printable } from '../errors/printable';
import { complaintsAbout, complaintsAboutParts, exitCodeFor, jsonLocks, showLocks } from './text/show-locks';
import { jsonText } from './text/json-text';

const DEFAULT_LIMIT = 1_000;
/** The longest resource or holder on a terminal. A table with both is 111 columns wide. */
const LONGEST_ON_SCREEN = 40;

export const ls: Command = {
  name: 'ls',
  takesResource: false,
  about: 'lists the locks that are held now, and their holders',
  details:
    'Lists the locks of all nodes: who holds each, for how long if nobody extends it, and on how many nodes.\n' +
    'held: on a quorum. partial: one owner on fewer nodes. contested: several owners, none on a quorum.\n' +
    'foreign: no lock, but a key of another program.\n' +
    'unknown: too few nodes answered to tell. Exits with 0, or with 3 when no quorum of the nodes answered.',
  options: {
    pattern: {
      type: 'string',
      value: '<glob>',
      about: "only resources that match this glob, such as 'order:*'",
    },
    limit: { type: 'string', value: '<number>', about: `the most locks to list (default ${DEFAULT_LIMIT})` },
    'no-trunc': { type: 'boolean', about: 'show long names in whole on a terminal too' },
  },
  async run(invocation, terminal) {
    refuseTheSameTwice(invocation.nodes);
    const search = searchOf(invocation);
    const { found, parts } = await withNodeClients(invocation.nodes, invocation.timeoutMs, async (nodes) => ({
      found: await findLocks(nodes, search),
      parts: complaintsAboutParts(nodes),
    }));
    const longest = longestFor(invocation, terminal);
    terminal.print(
      invocation.json ? jsonText(jsonLocks(found, search), 2) : showLocks(found, { ...search, longest }),
    );
    for (const complaint of [...complaintsAbout(found.answers), ...parts])
      terminal.complain(printable(complaint));
    return exitCodeFor(found.answers);
  },
};

/** The search of the command line. `watch` uses it too. */
export function searchOf(invocation: Invocation): Search {
  return {
    keyPrefix: invocation.keyPrefix,
    pattern: invocation.text('pattern', '*'),
    limit: invocation.wholeNumber('limit', DEFAULT_LIMIT),
  };
}

/** The longest text in the table. What reads a pipe gets whole names. */
export function longestFor(invocation: Invocation, { isInteractive }: Terminal): number {
  return isInteractive && !invocation.flag('no-trunc') ? LONGEST_ON_SCREEN : Infinity;
}
