import { createLockService } from '../../../lib';

/** A process that takes part in an election on these nodes, and writes when it leads and when it does not any more. */
const locks = createLockService({ nodes: process.argv.slice(2) });
const election = locks.election('jobs', { ttl: 1_500, fencing: true });

const tell = (what: string): void => {
  process.stdout.write(`${JSON.stringify({ what, atMs: Date.now(), token: election.fencingToken })}\n`);
};

election.leader$.subscribe((isLeader) => {
  tell(isLeader ? 'leads' : 'follows');
});
// What a leader does: it looks before each step.
setInterval(() => {
  if (election.isLeader) tell('works');
}, 20);

process.stdin.once('data', () => {
  void locks.close().then(() => process.exit(0));
});
