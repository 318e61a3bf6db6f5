import { diag, type Meter, type ObservableResult } from '@opentelemetry/api';
import type { LockService } from '../service/lock.service';
import { ATTRIBUTE, PROBE, SCOPE } from './attributes';

/**
 * The memory of each node, asked when the metrics are collected. Nodes without a limit, and nodes that do not
 * tell, are left out.
 */
export class MemoryGauge {
  readonly stop: () => void;

  constructor(
    meter: Meter,
    private readonly locks: Pick<LockService, 'inspect'>,
    private readonly connection: string,
  ) {
    const gauge = meter.createObservableGauge('redlock.node.memory.utilization', {
      description:
        'The part of its maxmemory that a lock node uses. At 1 it is full, and grants no more locks.',
      unit: '1',
    });
    const observe = (result: ObservableResult): Promise<void> => this.observe(result);
    gauge.addCallback(observe);
    this.stop = () => {
      gauge.removeCallback(observe);
    };
  }

  private async observe(result: ObservableResult): Promise<void> {
    try {
      const { nodes } = await this.locks.inspect(PROBE, { memory: true });
      for (const { node, memory } of nodes) {
        if (memory === undefined) continue;
        result.observe(memory.usedBytes / memory.limitBytes, {
          [ATTRIBUTE.connection]: this.connection,
          [ATTRIBUTE.node]: node,
        });
      }
    } catch (error) {
      diag.warn(`${SCOPE}: the lock nodes could not be asked for their memory`, error);
    }
  }
}
