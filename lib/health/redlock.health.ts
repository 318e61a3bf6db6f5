import { Inject, Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { GuardReason } from '../core/node-guard';
import { showProducts } from '../locking/api/server-products';
import { quorumOf } from '../core/quorum';
import { LockOptionsError } from '../errors/lock-options.error';
import { printable } from '../errors/printable';
import type { LockService } from '../service/lock.service';
import type { NodeInspection } from '../locking/api/lock-inspection.interface';
import { getLockServiceToken } from '../calls/lock-service-token';

export interface RedlockHealthOptions {
  /** The name of the lock service, for applications with several. */
  connection?: string;

  /**
   * What the result tells besides up and down. Many health routes answer whoever asks.
   * - `none`: nothing
   * - `states`: the state of each node in the order of `nodes`, how many make a quorum, and how many more may fail
   * - `all`: besides, the names of the nodes, so hosts and ports, what their servers are, and the texts of errors. Only where strangers cannot ask
   *
   * @default 'states'
   */
  details?: 'none' | 'states' | 'all';
}

/** A resource that nobody locks: it is looked for, and one whose name begins so is locked for a moment. */
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
   * Asks every node, and for a lock of its own there, for no longer than `nodeTimeout` each. Up while a majority grants; its details are
   * the state of each node, and how many more of them may fail.
   *
   * @param key its name in the result of the health check
   * @throws LockOptionsError for `details` of another name
   */
  async isHealthy<const K extends string = 'locks'>(
    key: K = 'locks' as K,
    { connection, details = 'states' }: RedlockHealthOptions = {},
  ): Promise<HealthIndicatorResult<K>> {
    if (!DETAILS.includes(details))
      throw new LockOptionsError('details', "must be 'none', 'states' or 'all'.");
    const locks = this.moduleRef.get<LockService>(getLockServiceToken(connection), { strict: false });
    const { nodes } = await locks.inspect(PROBE, { tryGrants: true });
    const quorum = quorumOf(nodes.length);
    const up = nodes.filter((node) => stateOf(node).state === 'up').length;
    const indicator = this.indicators.check(key);
    if (details === 'none') return up >= quorum ? indicator.up() : indicator.down();
    const told = {
      quorum,
      mayFail: Math.max(0, up - quorum),
      nodes:
        details === 'all'
          ? Object.fromEntries(nodes.map((node) => [node.node, { ...stateOf(node), ...serverOf(node) }]))
          : nodes.map((node) => withoutText(stateOf(node))),
    };
    return up >= quorum ? indicator.up(told) : indicator.down(told);
  }
}

const DETAILS: readonly unknown[] = ['none', 'states', 'all'] satisfies RedlockHealthOptions['details'][];

/**
 * `guarded`: it answers, and does not grant now, since it may have forgotten locks. `refusing`: its server refuses to
 * grant; it is full, say.
 */
interface NodeHealth {
  readonly state: 'up' | 'guarded' | 'refusing' | 'down';
  readonly error?: string;
  readonly reason?: GuardReason;
  readonly forMs?: number;
}

/** Errors of nodes are free of secrets. */
function stateOf({ error, guarded, refusal }: NodeInspection): NodeHealth {
  if (error !== undefined) return { state: 'down', error: printable(error.message) };
  if (refusal !== undefined) return { state: 'refusing', error: printable(refusal.message) };
  if (guarded === undefined) return { state: 'up' };
  const { reason, forMs } = guarded;
  return { state: 'guarded', reason, ...(forMs === Infinity ? {} : { forMs: Math.ceil(forMs) }) };
}

/** `Valkey 9.1.2`; strangers are not told which version to look for. */
function serverOf({ servers }: NodeInspection): { server?: string } {
  const server = showProducts(servers);
  return server === undefined ? {} : { server: printable(server) };
}

/** Texts of errors have addresses in them. */
function withoutText({ error: _, ...health }: NodeHealth): NodeHealth {
  return health;
}
