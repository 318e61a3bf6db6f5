import { quorumOf } from '../../core/quorum';
import { showMs } from '../text/show';
import type { Finding } from './finding';
import type { NodeFacts } from './node-facts';
import { LOCK_STEP } from './try-rights';

const CLOCKS_DIFFER_MS = 1_000;

/** The findings about all nodes together. */
export function findingsAboutFleet(nodes: readonly NodeFacts[]): Finding[] {
  return [
    quorumFinding(nodes),
    numberFinding(nodes.length),
    ...identityFindings(nodes),
    ...clockFindings(nodes),
  ];
}

function quorumFinding(nodes: readonly NodeFacts[]): Finding {
  const reachable = nodes.filter(({ error }) => error === undefined).length;
  const granting = nodes.filter(canGrant).length;
  const quorum = quorumOf(nodes.length);
  const answers = `${reachable} of ${nodes.length} nodes answer`;
  const message = `${answers}${granting < reachable ? `, and ${granting} grant locks` : ''}; a lock needs ${quorum}`;
  const check = 'quorum';
  if (granting < quorum) {
    return { level: 'error', check, message, meaning: 'no lock can be acquired now' };
  }
  if (granting === nodes.length) return { level: 'ok', check, message };
  const mayFail = granting - quorum;
  const meaning =
    mayFail === 0 ? 'if one more fails, no lock can be acquired' : `only ${mayFail} more may fail`;
  return { level: 'warn', check, message, meaning };
}

/**
 * Tells if a node can grant. A node that answers and refuses locks has no vote: for example it is full, or its
 * user may not write.
 */
function canGrant({ error, refusals }: NodeFacts): boolean {
  return error === undefined && refusals.every(({ what }) => what !== LOCK_STEP);
}

function numberFinding(count: number): Finding {
  const check = 'nodes';
  if (count === 1) {
    return {
      level: 'warn',
      check,
      message: 'a single node',
      meaning: 'if it fails, no lock can be acquired',
      fix: 'use three independent masters, of which any one may fail',
    };
  }
  const mayFail = count - quorumOf(count);
  if (count % 2 === 1) return { level: 'ok', check, message: `${count} nodes: any ${mayFail} may fail` };
  return {
    level: 'warn',
    check,
    message: `an even number of nodes, ${count}`,
    meaning: `a majority needs one node more, so only ${mayFail} may fail, as with ${count - 1} nodes`,
    fix: `use ${count - 1} or ${count + 1}`,
  };
}

/** Finds servers that are listed twice. Such a server would have two votes. */
function identityFindings(nodes: readonly NodeFacts[]): Finding[] {
  const seen = new Map<string, string>();
  const findings: Finding[] = [];
  let unknown = 0;
  for (const { node, servers } of nodes) {
    if (servers.some(({ info }) => info?.run_id === undefined)) unknown += 1;
    for (const runId of new Set(servers.flatMap(({ info }) => info?.run_id ?? []))) {
      const first = seen.get(runId);
      if (first === undefined) seen.set(runId, node);
      else findings.push(sameServer(node, first, runId));
    }
  }
  if (unknown > 0) {
    const message = `cannot tell whether all nodes are different servers: ${unknown} of them do not tell a run_id`;
    findings.push({ level: 'unknown', check: 'identity', message });
  }
  if (findings.length > 0 || seen.size < 2) return findings;
  return [{ level: 'ok', check: 'identity', message: 'the nodes that answer are different servers' }];
}

function sameServer(node: string, first: string, runId: string): Finding {
  return {
    level: 'error',
    check: 'identity',
    node,
    message: `the same server as ${first} (run_id ${runId})`,
    meaning: 'its vote counts twice, so a majority of votes is no majority of servers',
    fix: 'list each server once',
  };
}

function clockFindings(nodes: readonly NodeFacts[]): Finding[] {
  const clocks = nodes.flatMap(({ servers }) => servers.flatMap(({ clock }) => clock ?? []));
  if (clocks.length < 2) return [];
  const offsets = clocks.map(({ offsetMs }) => offsetMs);
  const apartMs = Math.max(...offsets) - Math.min(...offsets);
  const toleranceMs = 2 * Math.max(...clocks.map((clock) => clock.toleranceMs));
  const message = `the clocks of the nodes are ${showMs(apartMs)} apart, exact to ${showMs(toleranceMs)}`;
  if (apartMs - toleranceMs < CLOCKS_DIFFER_MS) return [{ level: 'ok', check: 'clocks', message }];
  return [
    {
      level: 'warn',
      check: 'clocks',
      message,
      meaning: 'locks do not compare them, but a clock that is corrected in one step ends locks early',
      fix: 'keep all of them right with NTP (chrony)',
    },
  ];
}
