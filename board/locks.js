import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { html } from './html.js';
import { duration, holdersName, modeOf, prefixOf } from './words.js';

/** As in style.css. */
const ROW_HEIGHT = 34;
/** Rows above and below those that are seen. */
const MARGIN = 8;

const SORTS = {
  resource: (a, b) => (a.resource < b.resource ? -1 : 1),
  state: (a, b) => a.state.localeCompare(b.state),
  age: (a, b) => a.since - b.since,
  left: (a, b) => (a.endsAt ?? Infinity) - (b.endsAt ?? Infinity),
  on: (a, b) => a.nodeCount - b.nodeCount,
  waiting: (a, b) => (b.waiting ?? 0) - (a.waiting ?? 0),
  holder: (a, b) => holdersName(a).localeCompare(holdersName(b)),
};

export function Locks({ locks, news, now, opened, onOpen }) {
  const [filter, setFilter] = useState('');
  const [sort, setSort] = useState({ by: 'resource', isDown: false });
  const [isGrouped, setGrouped] = useState(false);
  const [closed, setClosed] = useState(() => new Set());

  const lines = useMemo(
    () => linesOf(locks, { filter, sort, isGrouped, closed }),
    [locks, filter, sort, isGrouped, closed],
  );
  const shown = lines.filter((line) => line.lock !== undefined).length;
  const toggle = (prefix) => {
    const next = new Set(closed);
    if (!next.delete(prefix)) next.add(prefix);
    setClosed(next);
  };
  return html`<section class="locks" aria-labelledby="locks-heading">
    <h2 id="locks-heading">Locks</h2>
    <div class="tools">
      <label
        >Filter
        <input
          type="search"
          value=${filter}
          placeholder="resource, host, label, state"
          onInput=${(event) => setFilter(event.target.value)}
      /></label>
      <label
        ><input
          type="checkbox"
          checked=${isGrouped}
          onChange=${(event) => setGrouped(event.target.checked)}
        />
        Groups by prefix</label
      >
      <span role="status"
        >${locks.size === shown ? `${shown} locks` : `${shown} of ${locks.size} locks`}${news.isTruncated ? ', and there are more' : ''}</span
      >
    </div>
    <${Rows}
      ...${{ lines, sort, setSort, now, nodeCount: news.nodes.length, opened, onOpen, toggle, closed }}
    />
  </section>`;
}

function linesOf(locks, { filter, sort, isGrouped, closed }) {
  const wanted = filter.trim().toLowerCase();
  const found = [...locks.values()].filter((lock) => wanted === '' || textOf(lock).includes(wanted));
  const compare = SORTS[sort.by];
  found.sort((a, b) => (sort.isDown ? compare(b, a) : compare(a, b)) || SORTS.resource(a, b));
  if (!isGrouped) return found.map((lock) => ({ lock }));
  const groups = new Map();
  for (const lock of found) {
    const prefix = prefixOf(lock.resource);
    groups.set(prefix, [...(groups.get(prefix) ?? []), lock]);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([prefix, members]) => [
      { prefix, count: members.length },
      ...(closed.has(prefix) ? [] : members.map((lock) => ({ lock }))),
    ]);
}

function textOf(lock) {
  return `${lock.resource} ${lock.state} ${lock.mode} ${lock.holders.map(({ host, pid, label }) => `${host}:${pid} ${label}`).join(' ')}`.toLowerCase();
}

const COLUMNS = [
  ['resource', 'Resource'],
  ['state', 'State'],
  ['holder', 'Held by'],
  ['age', 'For'],
  ['left', 'Validity'],
  ['on', 'Nodes'],
  ['waiting', 'Wait'],
];

/** Only the rows that are seen are there, however many there are. */
function Rows({ lines, sort, setSort, now, nodeCount, opened, onOpen, toggle, closed }) {
  const scroller = useRef(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const measure = () => {
    const { scrollTop, clientHeight } = scroller.current;
    setView({ top: scrollTop, height: clientHeight });
  };
  useLayoutEffect(measure, [lines.length]);
  useEffect(() => {
    addEventListener('resize', measure);
    return () => removeEventListener('resize', measure);
  }, []);
  const first = Math.max(0, Math.min(lines.length - 1, Math.floor(view.top / ROW_HEIGHT) - MARGIN));
  const last = Math.min(lines.length, Math.ceil((view.top + view.height) / ROW_HEIGHT) + MARGIN);
  const spacer = (rows) =>
    rows > 0
      ? html`<tr aria-hidden="true">
          <td
            colspan=${COLUMNS.length}
            ref=${(cell) => cell && (cell.style.height = `${rows * ROW_HEIGHT}px`)}
          ></td>
        </tr>`
      : null;
  const sortBy = (by) => setSort({ by, isDown: sort.by === by && !sort.isDown });
  return html`<div
    class="scroller"
    ref=${scroller}
    onScroll=${measure}
    tabindex="0"
    role="region"
    aria-label="List of locks"
  >
    <table aria-rowcount=${lines.length + 1}>
      <thead>
        <tr aria-rowindex="1">
          ${COLUMNS.map(
            ([by, name]) =>
              html`<th
                scope="col"
                class=${by}
                aria-sort=${sort.by === by ? (sort.isDown ? 'descending' : 'ascending') : 'none'}
              >
                <button onClick=${() => sortBy(by)}>
                  ${name}<span aria-hidden="true">${sort.by === by ? (sort.isDown ? ' ↓' : ' ↑') : ''}</span>
                </button>
              </th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${spacer(first)}
        ${lines
          .slice(first, last)
          .map((line, at) =>
            line.lock === undefined
              ? html`<${Group}
                  key=${`group ${line.prefix}`}
                  line=${line}
                  index=${first + at + 2}
                  isClosed=${closed.has(line.prefix)}
                  toggle=${toggle}
                />`
              : html`<${Row}
                  key=${line.lock.resource}
                  lock=${line.lock}
                  index=${first + at + 2}
                  now=${now}
                  nodeCount=${nodeCount}
                  isOpened=${opened === line.lock.resource}
                  onOpen=${onOpen}
                />`,
          )}
        ${spacer(lines.length - last)}
      </tbody>
    </table>
    ${lines.length === 0 ? html`<p class="quiet">No locks.</p>` : null}
  </div>`;
}

function Group({ line: { prefix, count }, index, isClosed, toggle }) {
  return html`<tr class="group" aria-rowindex=${index}>
    <th scope="rowgroup" colspan=${COLUMNS.length}>
      <button aria-expanded=${String(!isClosed)} onClick=${() => toggle(prefix)}>
        <span aria-hidden="true">${isClosed ? '▸' : '▾'} </span
        >${prefix === '' ? 'without a prefix' : `${prefix}:`} (${count})
      </button>
    </th>
  </tr>`;
}

function Row({ lock, index, now, nodeCount, isOpened, onOpen }) {
  const { resource, state, endsAt, wholeMs, since, isSinceExact } = lock;
  const leftMs = endsAt === null ? Infinity : Math.max(0, endsAt - now);
  const share = endsAt === null ? 1 : Math.min(1, leftMs / Math.max(1, wholeMs));
  return html`<tr class=${`${state}${isOpened ? ' opened' : ''}`} aria-rowindex=${index}>
    <th scope="row" class="resource" title=${resource}>
      <button class="link" onClick=${() => onOpen(resource)}>${resource}</button>
    </th>
    <td class="state">${modeOf(lock)}</td>
    <td class="holder" title=${holdersName(lock)}>${holdersName(lock)}</td>
    <td class="age">${isSinceExact ? '' : '≥ '}${duration(now - since)}</td>
    <td class="left">
      <meter min="0" max="1" value=${share.toFixed(3)} aria-label=${`validity of ${resource}`}></meter>
      <span>${endsAt === null ? 'no end' : duration(leftMs)}</span>
    </td>
    <td class="on">${lock.nodeCount}/${nodeCount}</td>
    <td class="waiting">${lock.waiting ?? '–'}</td>
  </tr>`;
}
