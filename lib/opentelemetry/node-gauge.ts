import { diag, type Meter, type ObservableResult } from '@opentelemetry/api';
import type { LockService } from '../lock.service';
import { ATTRIBUTE, SCOPE } from './attributes';

/** A resource that nobody locks: it is only looked for. */
const PROBE = 'nestjs-redlock:opentelemetry';

/**
 * Which nodes are up, as the events tell. What they were before the first event is asked once, when the metric is
 * collected for the first time.
 */
export class NodeGauge {
  private readonly isUp = new Map<string, boolean>();
  private asked: Promise<void> | undefined;
  readonly stop: () => void;

  constructor(
    meter: Meter,
    private readonly locks: Pick<LockService, 'inspect'>,
    private readonly connection: string,
  ) {
    const gauge = meter.createObservableGauge('redlock.node.up', {
      description: 'Whether a lock node can be reached: 1 or 0.',
      unit: '{node}',
    });
    const observe = (result: ObservableResult): Promise<void> => this.observe(result);
    gauge.addCallback(observe);
    this.stop = () => {
      gauge.removeCallback(observe);
    };
  }

  set(node: string, isUp: boolean): void {
    this.isUp.set(node, isUp);
  }

  private async observe(result: ObservableResult): Promise<void> {
    await (this.asked ??= this.askNodes());
    for (const [node, isUp] of this.isUp) {
      result.observe(isUp ? 1 : 0, {
        [ATTRIBUTE.connection]: this.connection,
        [ATTRIBUTE.node]: node,
      });
    }
  }

  private async askNodes(): Promise<void> {
    try {
      const { nodes } = await this.locks.inspect(PROBE);
      // The status is that of the moment of asking; an event that came since knows better.
      for (const { node, status } of nodes) if (!this.isUp.has(node)) this.isUp.set(node, status === 'up');
    } catch (error) {
      diag.warn(`${SCOPE}: the lock nodes could not be asked for their state`, error);
      this.asked = undefined;
    }
  }
}
