/** `250 ms`, `9.8 s`, `12 min`, `3.5 h`. */
export function duration(ms) {
  const value = Math.max(0, ms);
  if (value < 1_000) return `${Math.round(value)} ms`;
  if (value < 60_000) return `${rounded(value / 1_000)} s`;
  if (value < 3_600_000) return `${rounded(value / 60_000)} min`;
  return value < 172_800_000 ? `${rounded(value / 3_600_000)} h` : `${Math.round(value / 86_400_000)} d`;
}

function rounded(value) {
  return value < 10 ? String(Math.round(value * 10) / 10) : String(Math.round(value));
}

export function holderName({ host, pid, label, id, slot }) {
  const who = host === undefined ? `another client (${id.slice(0, 6)})` : `${host}:${pid}`;
  const named = label === undefined ? who : `${label} (${who})`;
  return slot === undefined ? named : `#${slot} ${named}`;
}

export function holdersName({ mode, holders, state, foreignType }) {
  if (foreignType !== undefined) return `a ${foreignType} of another program`;
  if (holders.length === 1) return holderName(holders[0]);
  const what = mode === 'shared' ? 'readers' : mode === 'limited' ? 'permits' : 'owners';
  return state === 'contested' || holders.length > 1 ? `${holders.length} ${what}` : '';
}

/** `held, shared, on 3 of 3 nodes. 2 readers hold it. 1 process waits.` */
export function describeLock({ state, mode, nodeCount, holders, waiting }, nodes) {
  const count = holders.length;
  const verb = count === 1 ? 'is' : 'are';
  return [
    `${modeOf({ state, mode })}, on ${nodeCount} of ${nodes} nodes.`,
    mode === 'shared' ? `${count} ${count === 1 ? 'reader holds' : 'readers hold'} it.` : '',
    mode === 'limited' ? `${count} ${count === 1 ? 'permit' : 'permits'} ${verb} held.` : '',
    waiting ? `${waiting} ${waiting === 1 ? 'process waits' : 'processes wait'}.` : '',
  ]
    .filter(Boolean)
    .join(' ');
}

/** `held`, or `held, shared`. */
export function modeOf({ state, mode }) {
  return mode === 'exclusive' ? state : `${state}, ${mode}`;
}

/** What comes before the first colon. */
export function prefixOf(resource) {
  const at = resource.indexOf(':');
  return at > 0 ? resource.slice(0, at) : '';
}

export function clockTime(at) {
  return new Date(at).toLocaleTimeString(undefined, { hour12: false });
}
