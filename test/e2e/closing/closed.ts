import { createLockService } from '../../../lib';

/**
 * Locks on the nodes that are its arguments, with somebody who waits, so that there are connections that listen too. Then
 * closes, and tells which timers would keep this process alive now.
 */
async function main(): Promise<void> {
  const nodes = process.argv.slice(2);
  const [locks, other] = [createLockService({ nodes }), createLockService({ nodes })];
  const held = await locks.acquire('a', { wait: 10_000 });
  const waiting = other.acquire('a', { wait: 10_000 });
  setTimeout(() => void held.release(), 300);
  await (await waiting).release();
  await Promise.all([locks.close(), other.close()]);
  // Sockets take a turn to close, and their timers go with them.
  setImmediate(() => {
    console.log(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length);
  });
}

void main();
