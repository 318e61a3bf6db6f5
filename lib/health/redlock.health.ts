import { Inject, Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { GuardReason } from '../core/node-guard';
import { showProducts } from '../locking/api/server-products';
import { quorumOf } from '../core/quorum';
import { LockOptionsError } from '../errors/lock-options.error';
import { printable } from '../errors/printable';
import { readOptions } from '../errors/read-options';
import type { LockService } from '../service/lock.service';
import type { NodeInspection } from '../locking/api/lock-inspection.interface';
import { getLockServiceToken } from '../service/lock-service-token';

export interface RedlockHealthOptions {
  /** The name of the lock service, for applications with several. */
  connection?: string | undefined;

  /**
   * The details of a result besides up and down. Many health routes answer anybody.
   * - `none`: nothing
   * - `states`: the state of each node in the order of `nodes`, the quorum, and the number of nodes that may still
   *   fail
   * - `all`: also the names of the nodes, with hosts and ports, the products of their servers, and the texts of
   *   errors. Use it only if strangers cannot ask
   *
   * @default 'states'
   */
  details?: 'none' | 'states' | 'all' | undefined;
}

/** A resource that nobody locks. It is inspected, and a name that begins with it is locked for a moment. */
const PROBE = 'nestjs-redlock:health';

/**
 * Tells Terminus if locks can be acquired. Import `RedlockHealthModule`, and use it in a health check:
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
   * Asks every node, and tries a lock of its own on it, for at most `nodeTimeout` each. The result is up while a
   * majority grants. Its details are the state of each node, and the number of nodes that may still fail.
   *
   * @param key its name in the result of the health check
   * @throws LockOptionsError for a key that is no text, and for impossible options
   */
  async isHealthy<const K extends string = 'locks'>(
    key: K = 'locks' as K,
    options: RedlockHealthOptions = {},
  ): Promise<HealthIndicatorResult<K>> {
    if (typeof (key as unknown) !== 'string' || key === '')
      throw new LockOptionsError('key', "must be a name in the result of the check, such as 'locks'.");
    const { connection, details = 'states' } = readOptions<RedlockHealthOptions>(options, OPTIONS, {
      name: 'options',
      what: ", such as { connection: 'billing' }",
      each: 'an option of isHealthy()',
    });
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

const OPTIONS = ['connection', 'details'] satisfies (keyof RedlockHealthOptions)[];

const DETAILS: readonly unknown[] = ['none', 'states', 'all'] satisfies RedlockHealthOptions['details'][];

/**
 * `guarded`: the node answers, and does not grant now, since it may have forgotten locks. `refusing`: its server
 * refuses to grant, for example because it is full.
 */
interface NodeHealth {
  readonly state: 'up' | 'guarded' | 'refusing' | 'down';
  readonly error?: string;
  readonly reason?: GuardReason;
  readonly forMs?: number;
}

/** The state of a node. Errors of nodes contain no secrets. */
function stateOf({ error, guarded, refusal }: NodeInspection): NodeHealth {
  if (error !== undefined) return { state: 'down', error: printable(error.message) };
  if (refusal !== undefined) return { state: 'refusing', error: printable(refusal.message) };
  if (guarded === undefined) return { state: 'up' };
  const { reason, forMs } = guarded;
  return { state: 'guarded', reason, ...(forMs === Infinity ? {} : { forMs: Math.ceil(forMs) }) };
}

/** The product, such as `Valkey 9.1.2`. Only `all` shows it: strangers should not learn the version. */
function serverOf({ servers }: NodeInspection): { server?: string } {
  const server = showProducts(servers);
  return server === undefined ? {} : { server: printable(server) };
}

/** Leaves out the texts of errors, which contain addresses. */
function withoutText({ error: _, ...health }: NodeHealth): NodeHealth {
  return health;
}
