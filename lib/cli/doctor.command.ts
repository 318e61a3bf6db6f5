import type { Command } from './command.interface';
import { examine } from './doctor/examine';
import type { Finding } from './doctor/finding';
import { findingsAboutFleet } from './doctor/fleet-findings';
import { findingsAboutNode } from './doctor/node-findings';
import { jsonReport, showFindings } from './doctor/report';
import { lookUntilTrusted, trustedInMs } from './doctor/trust';
import { EXIT, type ExitCode } from './text/exit-code';
import { jsonText } from './text/json-text';

const DEFAULT_MAX_TTL_MS = 60_000;
/** Stands for a missing option, since the option accepts no 0. */
const NOT_ASKED = 0;

export const doctor: Command = {
  name: 'doctor',
  takesResource: false,
  about: 'checks if the nodes are fit to keep locks, and says what to change',
  details:
    'Checks every node: if it answers, its role, version, identity, uptime, eviction, persistence, latency and clock, and\n' +
    'if its user may do what locks need. For the last check it locks resources of its own for a moment\n' +
    '(nestjs-redlock:doctor:…, below the prefix) and releases them.\n' +
    'ok: nothing to change. WARN: it works, but should be changed. ERROR: locks are in danger. ?: the server does not tell.\n' +
    'Exits with 0; with 1 if there is an error; with 3 if no quorum of the nodes can be reached, or grants locks. With\n' +
    '--strict it exits with 1 for a warning too; with --wait-trusted with 4 if a node is still too young to be trusted.',
  options: {
    'max-ttl': {
      type: 'string',
      value: '<ms>',
      about: `the largest ttl in use, the maxTtl of the lock service (default ${DEFAULT_MAX_TTL_MS})`,
    },
    'wait-trusted': {
      type: 'string',
      value: '<ms>',
      about:
        'wait up to this long until all nodes are up for the largest ttl, as between the restarts of two nodes',
    },
    strict: { type: 'boolean', about: 'exit with 1 for warnings too' },
  },
  async run(invocation, terminal) {
    const { nodes, keyPrefix, timeoutMs, json } = invocation;
    const maxTtlMs = invocation.wholeNumber('max-ttl', DEFAULT_MAX_TTL_MS);
    const waitMs = invocation.wholeNumber('wait-trusted', NOT_ASKED);
    const look = () => Promise.all(nodes.map((node) => examine(node, keyPrefix, timeoutMs)));
    const facts = waitMs === NOT_ASKED ? await look() : await lookUntilTrusted(look, maxTtlMs, waitMs);
    const isTrusted = waitMs === NOT_ASKED || trustedInMs(facts, maxTtlMs) === 0;
    const findings = [
      ...facts.flatMap((one) => findingsAboutNode(one, keyPrefix, maxTtlMs)),
      ...findingsAboutFleet(facts),
    ];
    terminal.print(json ? jsonText(jsonReport(facts, findings), 2) : showFindings(findings));
    return exitCodeFor(findings, { isTrusted, isStrict: invocation.flag('strict') });
  },
};

interface Demands {
  /** True as well if nobody asked for it. */
  readonly isTrusted: boolean;
  readonly isStrict: boolean;
}

function exitCodeFor(findings: readonly Finding[], { isTrusted, isStrict }: Demands): ExitCode {
  const errors = findings.filter(({ level }) => level === 'error');
  if (errors.some(({ check }) => check === 'quorum')) return EXIT.noQuorum;
  if (errors.length > 0) return EXIT.problem;
  if (!isTrusted) return EXIT.untrusted;
  return isStrict && findings.some(({ level }) => level === 'warn') ? EXIT.problem : EXIT.ok;
}
