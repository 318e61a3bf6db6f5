import { Inject, Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { GuardReason } from '../core/node-guard';
import { quorumOf } from '../core/quorum';
import type { LockService } from '../lock.service';
import type { NodeInspection } from '../locking/lock-inspection.interface';
import { getLockServiceToken } from '../utils/lock-service-token';

export interface RedlockHealthOptions {
  /** The name of the lock service, for applications with several. */
  connection?: string;
}

/** A resource that nobody locks: it is only looked for. */
const PROBE = 'nestjs-redlock:health';

/**
 * Tells Terminus whether locks can be had. Import `RedlockHealthModule`, and use it in a health check:
 *
 * @example
 * ```ts
 * @Get('health')
 * @HealthCheck()
 * check() {
 *   return this.health.check([() => this.redlock.isHealthy('locks')]);
 * }
 * ```
 */
@Injectable()
export class RedlockHealthIndicator {
  constructor(
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(ModuleRef) private readonly moduleRef: ModuleRef,
  ) {}

  /**
   * Asks every node, for no longer than `nodeTimeout`. Up while a majority answers and may grant locks; its details are
   * the state of each node, and how many more of them may fail.
   *
   * @param key its name in the result of the health check
   */
  async isHealthy<const K extends string = 'locks'>(
    key: K = 'locks' as K,
    { connection }: RedlockHealthOptions = {},
  ): Promise<HealthIndicatorResult<K>> {
    const locks = this.moduleRef.get<LockService>(getLockServiceToken(connection), { strict: false });
    const { nodes } = await locks.inspect(PROBE);
    const quorum = quorumOf(nodes.length);
    const up = nodes.filter((node) => stateOf(node).state === 'up').length;
    const details = {
      quorum,
      mayFail: Math.max(0, up - quorum),
      nodes: Object.fromEntries(nodes.map((node) => [node.node, stateOf(node)])),
    };
    const indicator = this.indicators.check(key);
    return up >= quorum ? indicator.up(details) : indicator.down(details);
  }
}

/** `guarded`: it answers, and does not grant now, since it may have forgotten locks. */
interface NodeHealth {
  readonly state: 'up' | 'guarded' | 'down';
  readonly error?: string;
  readonly reason?: GuardReason;
  readonly forMs?: number;
}

/** Errors of nodes are free of secrets. */
function stateOf({ error, guarded }: NodeInspection): NodeHealth {
  if (error !== undefined) return { state: 'down', error: error.message };
  if (guarded === undefined) return { state: 'up' };
  const { reason, forMs } = guarded;
  return { state: 'guarded', reason, ...(forMs === Infinity ? {} : { forMs: Math.ceil(forMs) }) };
}
