import type { Command } from '../command.interface';
import { examine } from '../doctor/examine';
import type { Finding } from '../doctor/finding';
import { findingsAboutFleet } from '../doctor/fleet-findings';
import { findingsAboutNode } from '../doctor/node-findings';
import { jsonReport, showFindings } from '../doctor/report';
import { EXIT, type ExitCode } from '../exit-code';
import { jsonText } from '../json-text';

const DEFAULT_MAX_TTL_MS = 60_000;

export const doctor: Command = {
  name: 'doctor',
  takesResource: false,
  about: 'whether the nodes are fit to keep locks, and what to change',
  details:
    'Looks at every node: whether it answers, its role, version, identity, uptime, eviction, persistence, latency and\n' +
    'clock, and whether its user may do what locks need. For that it locks resources of its own for a moment\n' +
    '(nestjs-redlock:doctor:…, below the prefix) and releases them.\n' +
    'ok: fine. WARN: works, but should be changed. ERROR: locks are in danger. ?: the server does not tell.\n' +
    'Exits with 0, 1 when there is an error, 3 when no quorum of the nodes can be reached, or grants locks.',
  options: {
    'max-ttl': {
      type: 'string',
      value: '<ms>',
      about: `the largest ttl in use, the maxTtl of the lock service; ${DEFAULT_MAX_TTL_MS}`,
    },
  },
  async run(invocation, terminal) {
    const { nodes, keyPrefix, timeoutMs, json } = invocation;
    const maxTtlMs = invocation.wholeNumber('max-ttl', DEFAULT_MAX_TTL_MS);
    const facts = await Promise.all(nodes.map((node) => examine(node, keyPrefix, timeoutMs)));
    const findings = [
      ...facts.flatMap((one) => findingsAboutNode(one, keyPrefix, maxTtlMs)),
      ...findingsAboutFleet(facts),
    ];
    terminal.print(json ? jsonText(jsonReport(facts, findings), 2) : showFindings(findings));
    return exitCodeFor(findings);
  },
};

function exitCodeFor(findings: readonly Finding[]): ExitCode {
  const errors = findings.filter(({ level }) => level === 'error');
  if (errors.some(({ check }) => check === 'quorum')) return EXIT.noQuorum;
  return errors.length > 0 ? EXIT.problem : EXIT.ok;
}
