// A process with one or several sessions, which does what its parent asks. lib/client.mjs starts it.
import { cycles } from './cycles.mjs';
import { crowd } from './crowd.mjs';
import { decorated } from './decorated.mjs';
import { give, take } from './hand.mjs';
import { held } from './held.mjs';
import { hotKey } from './hot-key.mjs';
import { operations } from './operations.mjs';
import { turns } from './turns.mjs';
import { holdKeys, waiting, waitingForKeys } from './waiting.mjs';

const tasks = {
  ...{ open, cycles, crowd: crowdOfAll, decorated, give, held, holdKeys, hotKey, operations, take, turns },
  ...{ waiting, waitingForKeys },
};
let sessions = [];

process.on('disconnect', () => process.exit());
process.on('message', ({ id, task, input }) => {
  tasks[task](input, sessions[0]).then(
    (result) => process.send({ id, result }),
    (error) => process.send({ id, problem: `${error.name}: ${error.message}` }),
  );
});

async function open({ contender, urls, retryMs, lock, count }) {
  if (contender === undefined) return;
  const { open: openSession } = await import(`../contenders/${contender}.mjs`);
  sessions = await Promise.all(Array.from({ length: count }, () => openSession(urls, { retryMs, lock })));
}

function crowdOfAll(input) {
  return crowd(input, sessions);
}
