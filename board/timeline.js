import { html } from './html.js';
import { clockTime } from './words.js';

const BAD = new Set([
  'busy',
  'unavailable',
  'lost',
  'node-down',
  'node-guarded',
  'node-refusing',
  'force-released',
]);
const SHOWN = 60;

export function Timeline({ timeline, onOpen }) {
  const shown = timeline.slice(-SHOWN).reverse();
  return html`<section aria-labelledby="timeline-heading">
    <h2 id="timeline-heading">What this process did</h2>
    ${shown.length === 0 ? html`<p class="quiet">Nothing yet.</p>` : null}
    <ol class="timeline" tabindex="0" aria-labelledby="timeline-heading">
      ${shown.map(
        (event) =>
          html`<li key=${event.id} class=${BAD.has(event.type) ? 'bad' : ''}>
            <time>${clockTime(event.at)}</time> <b>${event.type}</b>${' '}
            ${event.resources.map((resource) => html`<button class="link" onClick=${() => onOpen(resource)}>${resource}</button>${' '}`)}
            ${event.resourceCount > event.resources.length ? `and ${event.resourceCount - event.resources.length} more ` : ''}
            ${[event.node, event.label && `"${event.label}"`, event.detail].filter(Boolean).join(' · ')}
          </li>`,
      )}
    </ol>
  </section>`;
}
