import { Session } from 'node:inspector/promises';
import { sep } from 'node:path';
import { bindLockService, createLockService, Locked, type RedlockNodeInput } from '../../lib';

class Orders {
  @Locked('order:<0>')
  async close(_id: number): Promise<void> {
    await Promise.resolve();
  }
}

/**
 * The files of lib in which code runs from one uncontended `@Locked` call until its lock is released, seen by the
 * coverage of V8. What is done once for a process has been done before.
 */
export async function passedFiles(nodes: RedlockNodeInput[]): Promise<string[]> {
  const locks = createLockService({ nodes });
  const orders = bindLockService(new Orders(), locks);
  await locks.ready({ wait: 5_000 });
  for (let id = 0; id < 20; id++) await orders.close(id);

  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  await session.post('Profiler.takePreciseCoverage');
  await orders.close(7);
  const { result } = await session.post('Profiler.takePreciseCoverage');
  session.disconnect();
  await locks.close();

  return result
    .filter(({ functions }) => functions.some(({ ranges }) => ranges.some(({ count }) => count > 0)))
    .map(({ url }) => url.split(`${sep}lib${sep}`)[1] ?? '')
    .filter((file) => file.endsWith('.js'))
    .map((file) => file.replaceAll(sep, '/').replace(/\.js$/, '.ts'))
    .sort();
}
