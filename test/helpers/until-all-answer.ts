import type { LockService } from '../../lib/service/lock.service';
import { until } from './until';

/** Its nodes are connected, and none of them is in trouble. */
export async function untilAllAnswer(service: LockService): Promise<void> {
  await until('all nodes answer', async () => {
    const { nodes } = await service.inspect('nothing');
    return nodes.every(({ error }) => error === undefined);
  });
}
