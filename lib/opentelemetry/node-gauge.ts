import { diag, type Meter, type ObservableResult } from '@opentelemetry/api';
import type { LockService } from '../service/lock.service';
import type { NodeInspection } from '../locking/api/lock-inspection.interface';
import { ATTRIBUTE, PROBE, SCOPE } from './attributes';

/** A fact about each node. */
export interface NodeFact {
  readonly name: string;
  readonly description: string;
  read(node: NodeInspection): boolean;
}

/**
 * Knows the nodes for which a fact is true, as the events tell. The state before the first event is asked once,
 * when the metric is collected for the first time.
 */
export class NodeGauge {
  private readonly isSo = new Map<string, boolean>();
  private asked: Promise<void> | undefined;
  readonly stop: () => void;

  constructor(
    meter: Meter,
    private readonly locks: Pick<LockService, 'inspect'>,
    private readonly connection: string,
    private readonly fact: NodeFact,
  ) {
    const { name, description } = fact;
    const gauge = meter.createObservableGauge(name, { description, unit: '{node}' });
    const observe = (result: ObservableResult): Promise<void> => this.observe(result);
    gauge.addCallback(observe);
    this.stop = () => {
      gauge.removeCallback(observe);
    };
  }

  set(node: string, isSo: boolean): void {
    this.isSo.set(node, isSo);
  }

  private async observe(result: ObservableResult): Promise<void> {
    await (this.asked ??= this.askNodes());
    for (const [node, isSo] of this.isSo) {
      result.observe(isSo ? 1 : 0, {
        [ATTRIBUTE.connection]: this.connection,
        [ATTRIBUTE.node]: node,
      });
    }
  }

  private async askNodes(): Promise<void> {
    try {
      const { nodes } = await this.locks.inspect(PROBE);
      // The answer is from the moment of asking. If an event has come since then, the event counts.
      for (const one of nodes) if (!this.isSo.has(one.node)) this.isSo.set(one.node, this.fact.read(one));
    } catch (error) {
      diag.warn(`${SCOPE}: the lock nodes could not be asked for their state`, error);
      this.asked = undefined;
    }
  }
}
