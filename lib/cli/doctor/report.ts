import { quorumOf } from '../../core/quorum';
import { printable } from '../../errors/printable';
import { jsonMs } from '../text/show';
import type { Finding, Level } from './finding';
import type { NodeFacts, ServerFacts } from './node-facts';
import { productOf } from '../../redis/server/server-product';

/** The report for people: findings by node, each with its consequence and its remedy. */
export function showFindings(findings: readonly Finding[]): string {
  const nodes = [...new Set(findings.map(({ node }) => node))];
  const sections = nodes.map((node) => {
    const own = findings.filter((finding) => finding.node === node);
    return [printable(node ?? 'all nodes together'), ...own.flatMap(linesOf)].join('\n');
  });
  return [...sections, summary(findings)].join('\n\n');
}

const WORDS: Record<Level, string> = { ok: 'ok', unknown: '?', warn: 'WARN', error: 'ERROR' };

function linesOf({ level, check, message, meaning, fix }: Finding): string[] {
  const head = `  ${WORDS[level].padEnd(5)}  ${check.padEnd(11)}  `;
  const indent = ' '.repeat(head.length);
  return [
    head + printable(message),
    ...(meaning === undefined ? [] : [`${indent}${printable(meaning)}`]),
    ...(fix === undefined ? [] : [`${indent}-> ${printable(fix)}`]),
  ];
}

function summary(findings: readonly Finding[]): string {
  const count = (level: Level) => findings.filter((finding) => finding.level === level).length;
  const [errors, warnings, unknown] = [count('error'), count('warn'), count('unknown')];
  if (errors + warnings + unknown === 0) return 'Nothing to change.';
  const parts = [
    `${errors} ${errors === 1 ? 'error' : 'errors'}`,
    `${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`,
    ...(unknown === 0 ? [] : [`${unknown} unknown`]),
  ];
  return `${parts.join(', ')}.`;
}

/** The report for scripts. docs/CLI.md has its shape. */
export function jsonReport(nodes: readonly NodeFacts[], findings: readonly Finding[]): object {
  return {
    ok: findings.every(({ level }) => level !== 'error'),
    quorum: quorumOf(nodes.length),
    reachable: nodes.filter(({ error }) => error === undefined).length,
    nodes: nodes.map(({ node, error, servers }) => ({
      node,
      error: error ?? null,
      servers: servers.map(jsonServer),
    })),
    findings: findings.map(({ level, check, node, message, meaning, fix }) => ({
      level,
      check,
      node: node ?? null,
      message,
      meaning: meaning ?? null,
      fix: fix ?? null,
    })),
  };
}

function jsonServer({ server, info = {}, latency, clock }: ServerFacts): object {
  const uptime = Number(info.uptime_in_seconds);
  return {
    server,
    product: info.redis_version === undefined ? null : productOf(info).name,
    version: productOf(info).version ?? null,
    mode: productOf(info).mode ?? null,
    role: info.role ?? null,
    runId: info.run_id ?? null,
    uptimeMs: jsonMs(Number.isFinite(uptime) ? uptime * 1_000 : undefined),
    latencyMs: jsonMs(latency?.medianMs),
    clockOffsetMs: jsonMs(clock?.offsetMs),
  };
}
