/** Everything below the address of the page, whatever a proxy put before it. */
export const base = location.pathname.replace(/\/*$/, '/');

const EMPTY = {
  connection: 'connecting',
  problem: '',
  skew: 0,
  news: undefined,
  locks: new Map(),
  timeline: [],
};

const MOST_EVENTS = 200;

/** What the server tells, put together: `onChange` gets a new state with each message. */
export function follow(onChange) {
  let state = EMPTY;
  const set = (change) => {
    state = { ...state, ...change };
    onChange(state);
  };
  const events = new EventSource(`${base}events`);
  events.addEventListener('state', ({ data }) => {
    const { locks, timeline, ...news } = JSON.parse(data);
    set({ ...heard(news), timeline, locks: new Map(locks.map((lock) => [lock.resource, lock])) });
  });
  events.addEventListener('change', ({ data }) => {
    const { changed, gone, timeline, ...news } = JSON.parse(data);
    const locks = new Map(state.locks);
    for (const resource of gone) locks.delete(resource);
    for (const lock of changed) locks.set(lock.resource, lock);
    const known = state.timeline.at(-1)?.id ?? 0;
    const added = timeline.filter(({ id }) => id > known);
    set({ ...heard(news), locks, timeline: [...state.timeline, ...added].slice(-MOST_EVENTS) });
  });
  events.addEventListener('problem', ({ data }) => set({ problem: JSON.parse(data).message }));
  events.addEventListener('error', async () => {
    set({ connection: 'lost' });
    // A browser connects again by itself, unless it was refused.
    if (events.readyState === EventSource.CLOSED) set({ problem: await whyRefused() });
  });
  return () => events.close();
}

/** Moments are the server's: `skew` is how far its clock is ahead of the one of this browser. */
function heard(news) {
  return { news, connection: 'live', problem: '', skew: news.at - Date.now() };
}

async function whyRefused() {
  const address = new URL(`${base}state`, location.href).href;
  try {
    const { status, ok } = await fetch(address);
    if (status === 401 || status === 403)
      return 'You may not see these locks any more. Sign in, and load the page again.';
    if (ok) return 'The stream was refused. Load the page again.';
    return `${address} answers ${status}: what stands before the application must pass on all addresses below the page.`;
  } catch {
    return 'The application does not answer.';
  }
}

export async function partsOf(resource) {
  const answer = await fetch(`${base}lock?resource=${encodeURIComponent(resource)}`);
  return answer.ok ? (await answer.json()).nodes : [];
}

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? '';

export const mayRelease = meta('board-release') === 'true';

/** Takes the lock away from this holder. Returns what came of it, in words. */
export async function release(resource, holder) {
  const query = new URLSearchParams({ resource, holder });
  const answer = await fetch(`${base}release?${query}`, {
    method: 'POST',
    headers: { 'x-board-token': meta('board-token') },
  });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) return body.message ?? `The application answers ${answer.status}.`;
  return body.releasedFrom === 0
    ? 'It was not there any more. Nothing was released.'
    : `Released from ${body.releasedFrom} nodes.`;
}
