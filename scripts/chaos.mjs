// `npm run chaos`: client processes and Redis servers, under all faults that can happen to them. The options
// are in test/chaos/cli.ts.
import { compileAndLoad } from './lib/compile.mjs';
import { root } from './lib/paths.mjs';
import { currentTask, inProgress } from './lib/progress.mjs';
import { stopOnSignal } from './lib/stop-on-signal.mjs';

const sources = ['lib', 'test/chaos', 'test/helpers', 'test/simulation'];
const { main, stop } = compileAndLoad('chaos', sources, 'test/chaos/cli.js');
stopOnSignal(stop);
try {
  const code = await inProgress('chaos', () => main(root, currentTask()));
  if (!stopOnSignal.stopping) process.exit(code);
} catch (error) {
  if (!stopOnSignal.stopping) {
    console.error(error);
    process.exit(1);
  }
}
