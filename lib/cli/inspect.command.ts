import { inspectNodes } from '../locking/inspection/inspect-nodes';
import type { LockInspection } from '../locking/api/lock-inspection.interface';
import { systemClock } from '../system/system-clock';
import type { Command } from './command.interface';
import { EXIT, type ExitCode } from './text/exit-code';
import { withLockNodes } from './nodes/lock-nodes';
import { adviceForKey, jsonInspection, showInspection } from './text/show-inspection';
import { jsonText } from './text/json-text';

export const inspect: Command = {
  name: 'inspect',
  takesResource: true,
  about: 'tells who holds one resource, as each node has it',
  details:
    'Asks every node who holds the resource, and for how long.\n' +
    'Exits with 0 if it is held or free, with 1 if it is contested or a key of another\n' +
    'program is in its place, with 3 if no quorum of the nodes answered.',
  options: {},
  async run(invocation, terminal) {
    const { resource, timeoutMs } = invocation;
    const inspection = await withLockNodes(invocation, (nodes, serversOf) =>
      inspectNodes({ nodes, serversOf, clock: systemClock, timeoutMs }, resource),
    );
    terminal.print(invocation.json ? jsonText(jsonInspection(inspection), 2) : showInspection(inspection));
    const advice = adviceForKey(inspection, invocation.keyPrefix);
    if (advice !== undefined) terminal.complain(advice);
    return EXIT_CODES[inspection.state];
  },
};

const EXIT_CODES: Record<LockInspection['state'], ExitCode> = {
  held: EXIT.ok,
  free: EXIT.ok,
  foreign: EXIT.problem,
  contested: EXIT.problem,
  unknown: EXIT.noQuorum,
};
