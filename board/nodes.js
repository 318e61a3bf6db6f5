import { html } from './html.js';
import { duration } from './words.js';

export function Nodes({ news, now }) {
  const { nodes, mayFail, quorum } = news;
  const words =
    mayFail < 0
      ? `No lock can be had: ${-mayFail} more of ${nodes.length} must grant.`
      : mayFail === 0
        ? 'All locks are lost if one more node fails.'
        : `${mayFail} more may fail. A lock takes ${quorum} of ${nodes.length}.`;
  return html`<section aria-labelledby="nodes-heading">
    <h2 id="nodes-heading">Nodes</h2>
    <p class=${mayFail < 0 ? 'bad' : mayFail === 0 && nodes.length > 1 ? 'warn' : ''} role="status">
      ${nodes.length === 1 && mayFail === 0 ? 'One node: no lock can be had while it is down.' : words}
    </p>
    <ul class="nodes">
      ${nodes.map((node) => html`<${Node} key=${node.node} node=${node} now=${now} />`)}
    </ul>
  </section>`;
}

const MARKS = { up: '●', connecting: '◌', down: '✕', guarded: '◐', refusing: '▲', silent: '?' };

function Node({ node, now }) {
  const { state, server, problem, guardedUntil, roundTripMs, clockAheadMs } = node;
  return html`<li class=${`node ${state}`}>
    <b>${node.node}</b>
    <span class="state"
      ><span aria-hidden="true">${MARKS[state]} </span
      >${state}${guardedUntil === undefined ? '' : ` for ${duration(guardedUntil - now)}`}</span
    >
    ${problem === undefined ? null : html`<span class="problem">${problem}</span>`}
    <span class="facts"
      >${[
        server,
        roundTripMs === undefined ? undefined : `${roundTripMs} ms away`,
        clockAheadMs === undefined ? undefined : clockWords(clockAheadMs),
      ]
        .filter(Boolean)
        .join(' · ')}</span
    >
  </li>`;
}

/** Below that nobody can tell. */
const SAME_MS = 5;

function clockWords(ms) {
  if (Math.abs(ms) < SAME_MS) return 'clock as ours';
  return `clock ${duration(Math.abs(ms))} ${ms > 0 ? 'ahead' : 'behind'}`;
}
