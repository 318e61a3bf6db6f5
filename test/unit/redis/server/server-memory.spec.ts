import { infoLines } from '../../../../lib/redis/server/info-lines';
import { serverClientOf } from '../../../helpers/server-client-of';
import { memoryIn, readMemory } from '../../../../lib/redis/server/server-memory';

const info = (used: number, limit: number) =>
  `# Memory\r\nused_memory:${used}\r\nused_memory_human:1M\r\nmaxmemory:${limit}\r\n`;

it.each([
  ['how full it is', info(5, 10), { usedBytes: 5, limitBytes: 10 }],
  ['that there is no limit', info(5, 0), { usedBytes: 5, limitBytes: 0 }],
  ['nothing, from a proxy that leaves the limit out', 'used_memory:5\r\n', undefined],
])('INFO tells %s', (_, reply, told) => {
  expect(memoryIn(infoLines(reply))).toEqual(told);
});

it.each([
  ['the fullest', [info(50, 100), info(9, 10), info(5, 10)], { usedBytes: 9, limitBytes: 10 }],
  ['those with a limit', [info(50, 0), info(1, 10), info(60, 0)], { usedBytes: 1, limitBytes: 10 }],
  ['none of them', [info(50, 0), info(60, 0)], null],
])('of the servers of a cluster, %s count', async (_, replies, told) => {
  const servers = replies.map((reply) => ({ options: {}, call: () => Promise.resolve(reply) }));
  const cluster = { isCluster: true, nodes: () => servers };

  expect(await readMemory(serverClientOf(cluster))).toEqual(told);
});
