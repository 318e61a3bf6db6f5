// `npm run figures`: counts the structure of lib: arrows between rooms, circles, and the files that one call
// passes.
import { compileAndLoad } from './lib/compile.mjs';
import { root } from './lib/paths.mjs';
import { Processes } from './lib/processes.mjs';
import { findRedisServer } from './lib/redis-binary.mjs';
import { startRedisServer } from './lib/redis-servers.mjs';
import { table } from './lib/table.mjs';

const program = findRedisServer();
if (program === undefined) {
  console.error('redis-server is missing. `npm test` installs it where it can.');
  process.exit(1);
}
const processes = new Processes();
try {
  const { figures } = compileAndLoad(
    'figures',
    ['lib', 'test/helpers', 'test/figures'],
    'test/figures/figures.js',
  );
  const nodes = await Promise.all(
    ['a', 'b', 'c'].map((name) => startRedisServer(processes, { program, name: `node ${name}` })),
  );
  console.log(table(await figures(root, nodes)));
} finally {
  await processes.stop();
}
