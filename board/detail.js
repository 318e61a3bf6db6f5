import { useEffect, useRef, useState } from 'preact/hooks';
import { mayRelease, partsOf, release } from './feed.js';
import { html } from './html.js';
import { describeLock, duration, holderName } from './words.js';

/** One resource, node by node. It is made anew for another resource. */
export function Detail({ resource, lock, news, now, onClose }) {
  // Undefined until the application has answered. Whatever stands below the table would move then, under the pointer of
  // who is about to press it.
  const [nodes, setNodes] = useState(undefined);
  const heading = useRef(null);
  const [asked, shown] = [useRef(0), useRef(0)];
  useEffect(() => heading.current.focus(), []);
  useEffect(() => {
    const times = ++asked.current;
    const show = (parts) => {
      // News may come faster than answers. So an answer counts unless a later one is there.
      if (times < shown.current) return;
      shown.current = times;
      setNodes(parts);
    };
    partsOf(resource).then(show, () => show((known) => known ?? []));
  }, [news]);
  return html`<section
    class="detail"
    aria-labelledby="detail-heading"
    onKeyDown=${(event) => event.key === 'Escape' && onClose()}
  >
    <h2 id="detail-heading" tabindex="-1" ref=${heading}>${resource}</h2>
    <button class="close" onClick=${onClose}>Close</button>
    <p>${lock === undefined ? 'Nobody has it now.' : describeLock(lock, news.nodes.length)}</p>
    <table>
      <thead>
        <tr>
          <th scope="col">Node</th>
          <th scope="col">Held by</th>
          <th scope="col">Left</th>
        </tr>
      </thead>
      <tbody>
        ${(nodes ?? []).flatMap(({ node, holders }) =>
          holders.length === 0
            ? [
                html`<tr key=${node}>
                  <th scope="row">${node}</th>
                  <td colspan="2">${stateOf(news, node)}</td>
                </tr>`,
              ]
            : holders.map(
                (holder) =>
                  html`<tr key=${node + holder.id}>
                    <th scope="row">${node}</th>
                    <td>${holderName(holder)}</td>
                    <td>${holder.endsAt === null ? 'no end' : duration(holder.endsAt - now)}</td>
                  </tr>`,
              ),
        )}
      </tbody>
    </table>
    ${mayRelease && nodes !== undefined && lock !== undefined ? lock.holders.map((holder) => html`<${Release} key=${holder.id} resource=${resource} holder=${holder} />`) : null}
  </section>`;
}

function stateOf(news, name) {
  const state = news.nodes.find(({ node }) => node === name)?.state;
  return state === 'up' || state === 'guarded' || state === 'refusing' ? 'free' : 'not known';
}

/** Asks once more before it does it. */
function Release({ resource, holder }) {
  const [step, setStep] = useState('offered');
  const [result, setResult] = useState('');
  const go = async () => {
    setStep('offered');
    setResult('Releasing …');
    setResult(await release(resource, holder.id).catch(() => 'The application does not answer.'));
  };
  return html`<div class="release">
    ${
      step === 'offered'
        ? html`<button onClick=${() => setStep('asked')}>Release from ${holderName(holder)}</button>`
        : html`<p>
              Its holder notices it only at its next extension. Until then two holders may work at the same
              time. Take ${resource} away from ${holderName(holder)}?
            </p>
            <button class="danger" onClick=${go}>Yes, release it</button>${' '}
            <button onClick=${() => setStep('offered')}>No</button>`
    }
    <p role="status">${result}</p>
  </div>`;
}
