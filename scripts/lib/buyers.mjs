import { randomUUID } from 'node:crypto';
import { send, sendOrFail } from './http.mjs';

/**
 * Puts `items` of something new on sale, sends all buyers at once, to each process in turn, and counts their
 * answers.
 */
export async function sellOut(urls, { items, buyers }) {
  const sku = `ticket-${randomUUID()}`;
  await sendOrFail('POST', `${urls[0]}/warehouses/receive`, { warehouse: 'north', sku, quantity: items });

  const answers = await Promise.all(
    Array.from({ length: buyers }, (_, index) => buy(urls[index % urls.length], sku)),
  );

  const sold = answers.filter(({ answer }) => answer === 'sold').length;
  const latencies = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  return {
    sold,
    oversold: Math.max(0, sold - items),
    refused: answers.filter(({ answer }) => answer === 'SOLD_OUT').length,
    failed: answers
      .filter(({ answer }) => answer !== 'sold' && answer !== 'SOLD_OUT')
      .map(({ answer }) => answer),
    p50: percentile(latencies, 50),
    p99: percentile(latencies, 99),
  };
}

/** Sends one buyer. Returns 'sold', or the code of the refusal. */
async function buy(url, sku) {
  const start = performance.now();
  try {
    const { status, body } = await send('POST', `${url}/orders`, { sku, quantity: 1 });
    return {
      answer: status === 201 ? 'sold' : (body.code ?? `HTTP ${status}`),
      ms: performance.now() - start,
    };
  } catch (error) {
    return { answer: error.message, ms: performance.now() - start };
  }
}

/** The smallest value that at least `percent` of all values do not exceed. */
function percentile(sorted, percent) {
  return sorted[Math.ceil((percent / 100) * sorted.length) - 1];
}
