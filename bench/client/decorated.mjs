import { loadLibrary } from '../lib/library.mjs';

const SLICE_MS = 100;

/**
 * Measures `@Locked` and `withLock` on the same memory nodes, one call after another, in turns, in
 * nanoseconds per call.
 */
export async function decorated({ slices }) {
  const { bindLockService, createLockService, Locked, MemoryLockNode } = loadLibrary();
  const nodes = Array.from({ length: 3 }, () => new MemoryLockNode());
  const locks = createLockService({ nodes });

  class Orders {
    async pay(orderId) {
      return orderId;
    }
    async payLocked(orderId) {
      return orderId;
    }
  }
  decorate(Orders, 'payLocked', Locked('order:<0>'));
  const orders = bindLockService(new Orders(), locks);

  const calls = {
    locked: (id) => orders.payLocked(id),
    withLock: (id) => locks.withLock(`order:${id}`, () => orders.pay(id)),
  };
  const turns = [];
  for (const call of Object.values(calls)) await timePerCall(call);
  for (let slice = 0; slice < slices; slice += 1) {
    const order = slice % 2 === 0 ? ['locked', 'withLock'] : ['withLock', 'locked'];
    const turn = {};
    for (const name of order) turn[name] = await timePerCall(calls[name]);
    turns.push(turn);
  }
  await locks.close();
  return turns;
}

/** Does what a compiler makes of `@Locked(…)`, since plain JavaScript has no decorators yet. */
function decorate({ prototype }, method, decorator) {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, method);
  decorator(prototype, method, descriptor);
  Object.defineProperty(prototype, method, descriptor);
}

async function timePerCall(call) {
  const start = performance.now();
  let made = 0;
  for (; performance.now() < start + SLICE_MS; made += 1) await call(String(made));
  return ((performance.now() - start) / made) * 1e6;
}
