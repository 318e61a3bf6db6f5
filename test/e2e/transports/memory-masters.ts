import { type DynamicModule } from '@nestjs/common';
import { RedlockModule } from '../../../lib';
import { systemClock } from '../../../lib/system/system-clock';
import { FaultyNode } from '../../helpers/faulty-node';

/** Locks in the process, for what is about the transport and not about Redis. */
export class MemoryMasters {
  private readonly node = new FaultyNode('n1', systemClock);

  module(): DynamicModule {
    return RedlockModule.forRoot({ nodes: [this.node] });
  }

  fail(): Promise<() => Promise<void>> {
    this.node.refuse();
    return Promise.resolve(() => {
      this.node.recover();
      return Promise.resolve();
    });
  }
}
