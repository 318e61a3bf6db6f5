import { systemClock } from '../system/system-clock';
import type { Command, Invocation } from './command.interface';
import { refuseTheSameTwice } from './nodes/describe-nodes';
import { EXIT, type ExitCode } from './text/exit-code';
import type { FoundLocks } from '../locking/inspection/find-locks';
import { findLocks, type Search } from './nodes/find-locks';
import { isTrial } from '../locking/inspection/is-lock';
import { LockChanges } from './text/lock-changes';
import { LookOut } from './nodes/look-out';
import { withNodeClients, type NodeClient } from './nodes/node-client';
import { printable } from '../errors/printable';
import { ReleaseEar, type ReleaseMessage } from './nodes/release-ear';
import { jsonEvent, showEvent, type WatchEvent } from './text/show-changes';
import { complaintsAbout, complaintsAboutParts, exitCodeFor, moreThan, showLocks } from './text/show-locks';
import type { Terminal } from './terminal';
import { longestFor, ls, searchOf } from './ls.command';

const DEFAULT_INTERVAL_MS = 1_000;
/**
 * The most releases of which no second node has told yet. The oldest are forgotten, so that the list cannot grow.
 */
const MOST_TOLD = 1_000;
const CLEAR_SCREEN = '\u001b[H\u001b[J';

export const watch: Command = {
  name: 'watch',
  takesResource: false,
  about: 'repeats ls until Ctrl-C; in a pipe, prints a line per change',
  details:
    'Repeats ls at every interval, and at once when a node tells of a release.\n' +
    'On a terminal it redraws the list. In a pipe, or with --json, it prints a line when a lock is there (held, partial,\n' +
    'contested, unknown), is released or gone, and when a node stops answering or answers again.\n' +
    'A lock that comes and goes between two looks is seen only if somebody waited for it.\n' +
    'Ends with Ctrl-C; exits with 0, or with 3 when no quorum of the nodes answered the last look.',
  options: {
    interval: {
      type: 'string',
      value: '<ms>',
      about: `the longest time between two looks (default ${DEFAULT_INTERVAL_MS})`,
    },
    ...ls.options,
  },
  async run(invocation, terminal) {
    refuseTheSameTwice(invocation.nodes);
    const intervalMs = invocation.wholeNumber('interval', DEFAULT_INTERVAL_MS);
    const search = searchOf(invocation);
    return withNodeClients(invocation.nodes, invocation.timeoutMs, (nodes) =>
      new Watch(invocation, terminal, nodes, search, intervalMs).run(),
    );
  },
};

class Watch {
  private readonly changes = new LockChanges();
  private readonly told = new Set<string>();
  private readonly lookOut: LookOut;
  private exitCode: ExitCode = EXIT.noQuorum;
  private hasToldOfMore = false;

  constructor(
    private readonly invocation: Invocation,
    private readonly terminal: Terminal,
    private readonly nodes: readonly NodeClient[],
    private readonly search: Search,
    intervalMs: number,
  ) {
    this.lookOut = new LookOut(intervalMs, terminal.catchStop());
  }

  async run(): Promise<ExitCode> {
    const ears = this.invocation.nodes.map(
      (node) =>
        new ReleaseEar(node, this.invocation.keyPrefix, {
          onRelease: (message) => {
            this.hear(message);
          },
          onRefused: () => {
            this.terminal.complain(
              `${printable(node.name)} does not permit us to hear of releases. They are seen at each interval only.`,
            );
          },
        }),
    );
    if (!this.isDrawing)
      for (const complaint of complaintsAboutParts(this.nodes)) this.terminal.complain(printable(complaint));
    try {
      await this.lookOut.run(() => this.look());
    } finally {
      for (const ear of ears) ear.close();
    }
    return this.exitCode;
  }

  private async look(): Promise<void> {
    const found = await findLocks(this.nodes, this.search, this.changes.resources);
    this.exitCode = exitCodeFor(found.answers);
    if (this.isDrawing) this.draw(found);
    else this.tellChanges(found);
  }

  private get isDrawing(): boolean {
    return this.terminal.isInteractive && !this.invocation.json;
  }

  private draw(found: FoundLocks): void {
    const time = new Date(systemClock.wallNow()).toISOString().slice(11, 19);
    const complaints = [...complaintsAbout(found.answers), ...complaintsAboutParts(this.nodes)].map(
      printable,
    );
    const body = [
      showLocks(found, { ...this.search, longest: longestFor(this.invocation, this.terminal) }),
      ...complaints,
    ].join('\n');
    this.terminal.print(`${CLEAR_SCREEN}${time} UTC, Ctrl-C ends\n\n${body}`);
  }

  private tellChanges({ answers, isTruncated }: FoundLocks): void {
    if (isTruncated && !this.hasToldOfMore) this.terminal.complain(moreThan(this.search.limit));
    this.hasToldOfMore = isTruncated;
    this.tell(this.changes.next(answers, this.exitCode === EXIT.ok));
  }

  /** Reports a release once, since every node tells of it. */
  private hear(message: ReleaseMessage): void {
    if (isTrial(message.resource)) return;
    this.lookOut.hurry();
    const name = `${message.resource} ${message.ownerToken}`;
    if (this.isDrawing || this.told.has(name)) return;
    this.told.add(name);
    const [oldest] = this.told;
    if (this.told.size > MOST_TOLD && oldest !== undefined) this.told.delete(oldest);
    this.tell([{ type: 'released', ...message }]);
  }

  private tell(events: readonly WatchEvent[]): void {
    const show = this.invocation.json ? jsonEvent : showEvent;
    for (const event of events) this.terminal.print(show(event, systemClock.wallNow()));
  }
}
