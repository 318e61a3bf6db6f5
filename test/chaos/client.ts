import { Pool } from 'pg';
import { createLockService } from '../../lib/service/create-lock-service';
import type { LockService } from '../../lib/service/lock.service';
import { Random } from '../simulation/random';
import { GuardedTable } from './guarded-table';
import { monotonicMs, report } from './report';
import { type ClientSettings, MAX_TTL_MS, NODE_TIMEOUT_MS } from './settings';
import { Worker } from './worker';

/** One process of the fleet: some workers that use the same lock service. */
function main(): void {
  const settings = JSON.parse(process.argv[2] ?? '') as ClientSettings;
  const services = openServices(settings);
  const table = openTable(settings);
  Array.from({ length: settings.workers }, (_, position) => {
    const random = new Random(settings.seed, position);
    const name = `worker ${position}`;
    const worker = new Worker(name, () => random.pick(services), table, random, settings);
    for (const service of services) {
      service.events$.subscribe((event) => {
        if (event.type === 'extended') worker.extended(event.ownerToken);
      });
    }
    worker.run().catch((error: unknown) => {
      report({ type: 'error', text: `${settings.name}, at ${monotonicMs()}: ${String(error)}` });
      process.exit(1);
    });
  });
  // Nobody is left to be told.
  process.stdin.on('close', () => process.exit()).resume();
}

function openServices({ nodes, sabotage }: ClientSettings): LockService[] {
  const open = (some: readonly string[]) =>
    createLockService({
      nodes: [...some],
      nodeTimeout: NODE_TIMEOUT_MS,
      maxTtl: MAX_TTL_MS,
      // Processes start anew while nodes do, so none may trust a fleet because all of it is young.
      restartGuard: sabotage === 'guard' ? false : 'strict',
      defaults: { ttl: MAX_TTL_MS },
    });
  return sabotage === 'quorum' ? nodes.map((node) => open([node])) : [open(nodes)];
}

function openTable({ table, workers, sabotage }: ClientSettings): GuardedTable | undefined {
  if (table === undefined) return undefined;
  const pool = new Pool({ connectionString: table, max: workers });
  // Those who asked are told too.
  pool.on('error', () => undefined);
  return new GuardedTable(pool, { checksToken: sabotage !== 'fencing' });
}

main();
