// `npm run simulate`: runs histories of clients, nodes and faults in virtual time. The options are in
// test/simulation/cli.ts.
import { compileAndLoad } from './lib/compile.mjs';
import { root } from './lib/paths.mjs';
import { currentTask, inProgress } from './lib/progress.mjs';

process.chdir(root);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

const { main } = compileAndLoad('simulation', ['lib', 'test/simulation'], 'test/simulation/cli.js');
process.exit(await inProgress('simulation', () => main(currentTask())));
