import { systemClock } from '../system/system-clock';
import type { RedisNodeDescription } from './client/redis-node-description.interface';
import { RedisLockNode } from './redis-lock-node';
import type { RedisLockNodeOptions } from './redis-lock-node-options';
import { BatchEncoder } from './request/encoded-batch';

type Settings = Omit<RedisLockNodeOptions, 'encoder'> & { readonly keyPrefix: string };

/** Opens the nodes of one lock service. Nodes with the same database share the encoding of their requests. */
export class RedisLockNodes {
  private readonly encoders = new Map<number, BatchEncoder>();

  constructor(private readonly settings: Settings) {}

  open(description: RedisNodeDescription): RedisLockNode {
    const encoder = this.encoderFor(description.database ?? 0);
    return new RedisLockNode(description, { ...this.settings, encoder });
  }

  private encoderFor(database: number): BatchEncoder {
    const { keyPrefix, clock = systemClock } = this.settings;
    const encoder = this.encoders.get(database) ?? new BatchEncoder(keyPrefix, clock, database);
    this.encoders.set(database, encoder);
    return encoder;
  }
}
