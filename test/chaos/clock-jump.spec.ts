import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLockService } from '../../lib/service/create-lock-service';
import { LockError } from '../../lib/errors/lock.error';
import type { LockService } from '../../lib/service/lock.service';
import { until } from '../helpers/until';
import { Random } from '../simulation/random';
import { ChaoticNode } from './chaotic-node';
import { buildClockShim } from './clock-shim';

const directory = mkdtempSync(join(tmpdir(), 'nestjs-redlock-clock-'));
const clockShim = buildClockShim(join(__dirname, 'clock-shim.c'), directory);
const itWithClocks = clockShim === undefined ? it.skip : it;

let nodes: [ChaoticNode, ChaoticNode, ChaoticNode];
let services: LockService[] = [];

beforeEach(async () => {
  const start = (name: string) => ChaoticNode.start(name, new Random(Date.now()), directory, clockShim);
  nodes = [await start('a'), await start('b'), await start('c')];
});

afterEach(async () => {
  await Promise.all(services.map((service) => service.close()));
  await Promise.all(nodes.map((node) => node.stop()));
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

async function open(): Promise<LockService> {
  const service = createLockService({ nodes: nodes.map(({ proxy }) => proxy.url), shutdownTimeout: 0 });
  services = [...services, service];
  await until('all nodes are connected', async () => {
    const { nodes: seen } = await service.inspect('nothing');
    return seen.every(({ error }) => error === undefined);
  });
  return service;
}

itWithClocks('keys expire when the clock of a server jumps', async () => {
  const [{ server, clock }] = nodes;
  await server.command('SET', 'key', 'value', 'PX', 10_000);

  clock?.jump(12_000);

  expect(await server.command('GET', 'key')).toBeNull();
});

itWithClocks('a node whose clock jumped gives no fencing token for what it has forgotten', async () => {
  const [ours, theirs] = [await open(), await open()];
  const [, jumping, away] = nodes;
  await away.proxy.setMode('refuse');
  away.proxy.reset();
  const held = await ours.acquire('order:1', { ttl: 10_000, fencing: true });
  await away.proxy.setMode('pass');
  await until('the third node is back', async () => {
    const { nodes: seen } = await theirs.inspect('nothing');
    return seen.every(({ error }) => error === undefined);
  });

  jumping.clock?.jump(12_000);
  const answer = await theirs.acquire('order:1', { wait: 0, fencing: true }).catch((error: unknown) => error);

  expect(held.isHeld).toBe(true);
  expect(answer).toBeInstanceOf(LockError);
});
