import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { root } from '../../scripts/lib/paths.mjs';

const main = join(root, 'bench', 'network', 'main.mjs');

/** Servers as they are seen from far away: each behind a proxy that delivers every byte late. */
export class Distance {
  #child;

  constructor(child, urls) {
    this.#child = child;
    this.urls = urls;
  }

  /**
   * @param urls the servers
   * @param roundTripsMs the round trip to each server. Timers end at whole milliseconds, so measure what it is
   */
  static async start(urls, roundTripsMs) {
    const child = fork(main, [], { stdio: 'inherit' });
    child.send(
      urls.map((url, index) => {
        const thereMs = Math.floor(roundTripsMs[index] / 2);
        return { port: Number(new URL(url).port), thereMs, backMs: roundTripsMs[index] - thereMs };
      }),
    );
    const [ports] = await once(child, 'message');
    return new Distance(
      child,
      ports.map((port) => `redis://127.0.0.1:${port}`),
    );
  }

  async stop() {
    const gone = once(this.#child, 'exit');
    this.#child.disconnect();
    await gone;
  }
}
