import { html } from './html.js';

export function Hot({ hot, onOpen }) {
  return html`<section aria-labelledby="hot-heading">
    <h2 id="hot-heading">Hot in the last minute</h2>
    ${
      hot.length === 0
        ? html`<p class="quiet">Nobody had to wait for this process's locks.</p>`
        : html`<table class="hot">
            <thead>
              <tr>
                <th scope="col">Resource</th>
                <th scope="col">Waits</th>
                <th scope="col">Busy</th>
                <th scope="col">Lost</th>
                <th scope="col">Per second</th>
              </tr>
            </thead>
            <tbody>
              ${hot.map(
                (key) =>
                  html`<tr key=${key.resource}>
                    <th scope="row">
                      <button class="link" onClick=${() => onOpen(key.resource)}>${key.resource}</button>
                    </th>
                    <td>${key.waits}</td>
                    <td>${key.busy}</td>
                    <td>${key.lost}</td>
                    <td><${Sparkline} values=${key.perSecond} /></td>
                  </tr>`,
              )}
            </tbody>
          </table>`
    }
  </section>`;
}

const WIDTH = 120;
const HEIGHT = 20;

function Sparkline({ values }) {
  const most = Math.max(1, ...values);
  const step = WIDTH / (values.length - 1);
  const points = values.map(
    (value, at) => `${(at * step).toFixed(1)},${(HEIGHT - (value / most) * (HEIGHT - 2) - 1).toFixed(1)}`,
  );
  return html`<svg
    class="spark"
    width=${WIDTH}
    height=${HEIGHT}
    viewBox=${`0 0 ${WIDTH} ${HEIGHT}`}
    role="img"
    aria-label=${`at most ${Math.max(...values)} in a second`}
  >
    <polyline points=${points.join(' ')} />
  </svg>`;
}
