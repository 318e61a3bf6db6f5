import { readClusterInfo } from '../../../lib/cli/doctor/node-facts';
import type { NodeClient } from '../../../lib/cli/nodes/node-client';

/** A cluster whose first master answers CLUSTER INFO so. */
function cluster(answer: () => Promise<unknown>): NodeClient {
  const master = { send: answer };
  return { masters: [master], ask: (question: () => unknown) => question() } as unknown as NodeClient;
}

describe('the lines of CLUSTER INFO', () => {
  it('are what the first master tells', async () => {
    const lines = await readClusterInfo(cluster(() => Promise.resolve('cluster_state:ok\r\n')));

    expect(lines).toEqual({ cluster_state: 'ok' });
  });

  it.each([
    ['no text', cluster(() => Promise.resolve(7))],
    ['an error', cluster(() => Promise.reject(new Error('NOPERM')))],
    ['nothing, since there is no master', { masters: [] } as unknown as NodeClient],
  ])('are missing where the answer is %s', async (_what, node) => {
    expect(await readClusterInfo(node)).toBeUndefined();
  });
});
