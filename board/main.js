import { render } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import { Detail } from './detail.js';
import { follow } from './feed.js';
import { Hot } from './hot.js';
import { html } from './html.js';
import { Locks } from './locks.js';
import { Nodes } from './nodes.js';
import { Timeline } from './timeline.js';
import { clockTime } from './words.js';

/** Bars and countdowns move so often between two looks. */
const TICK_MS = 500;

function App() {
  const [state, setState] = useState(undefined);
  const [opened, setOpened] = useState(null);
  const now = useNow(state?.skew ?? 0);
  useEffect(() => follow(setState), []);
  const close = useCallback(() => {
    setOpened(null);
    document.getElementById('locks-heading')?.scrollIntoView();
  }, []);
  const { news, problem = '', connection = 'connecting', locks, timeline } = state ?? {};
  return html`<header>
      <h1>${document.title}</h1>
      <p class=${`connection ${connection}`} role="status">
        ${connection === 'live' ? `live, ${clockTime(news.at)}, looked for ${news.tookMs} ms` : connection === 'lost' ? 'connection lost, trying again' : 'connecting'}
      </p>
    </header>
    <main>
      ${problem === '' ? null : html`<p class="bad" role="alert">${problem}</p>`}
      ${
        news === undefined
          ? html`<p class="quiet">Waiting for the first look at the nodes.</p>`
          : html`<${Nodes} news=${news} now=${now} />
              ${opened === null ? null : html`<${Detail} key=${opened} resource=${opened} lock=${locks.get(opened)} news=${news} now=${now} onClose=${close} />`}
              <${Locks} locks=${locks} news=${news} now=${now} opened=${opened} onOpen=${setOpened} />
              <div class="beside">
                <${Hot} hot=${news.hot} onOpen=${setOpened} />
                <${Timeline} timeline=${timeline} onOpen=${setOpened} />
              </div>`
      }
    </main>`;
}

/** The time of the server, as far as this browser can tell. */
function useNow(skew) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => document.hidden || setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return now + skew;
}

render(html`<${App} />`, document.getElementById('board'));
