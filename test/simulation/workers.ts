import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { StretchRunner } from './crew';
import type { StretchResult } from './stretch';

/** Calls `use` with a runner for each processor, each in a thread of its own. They end with it. */
export async function withWorkers<T>(use: (runners: readonly StretchRunner[]) => Promise<T>): Promise<T> {
  const workers = Array.from(
    { length: availableParallelism() },
    () => new Worker(join(__dirname, 'stretch-worker.js')),
  );
  try {
    return await use(workers.map(runnerOf));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function runnerOf(worker: Worker): StretchRunner {
  return (stretch) =>
    new Promise((resolve, reject) => {
      const settle = () => worker.off('message', onMessage).off('error', onError);
      const onMessage = (result: StretchResult) => {
        settle();
        resolve(result);
      };
      const onError = (error: unknown) => {
        settle();
        reject(new Error(`the histories from seed ${stretch.from} on: ${String(error)}`));
      };
      worker.on('message', onMessage).on('error', onError);
      worker.postMessage(stretch);
    });
}
