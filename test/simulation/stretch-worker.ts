import { parentPort } from 'node:worker_threads';
import { runStretch, type Stretch } from './stretch';

// Thousands of errors are made on purpose, and nobody looks at where.
Error.stackTraceLimit = 0;

/** One after another: the next one is sent when the last one is answered. */
parentPort?.on('message', (stretch: Stretch) => {
  void runStretch(stretch).then((result) => {
    parentPort?.postMessage(result);
  });
});
