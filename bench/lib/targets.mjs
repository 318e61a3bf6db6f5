import { decimals, percent, times, whole } from './format.mjs';

const higher = (figure, name, atLeast, aim, show) => ({ figure, name, atLeast, aim, show, isUp: true });
const lower = (figure, name, atLeast, aim, show) => ({ figure, name, atLeast, aim, show, isUp: false });
const ms = (value) => `${decimals(value, 1)} ms`;
const bytes = (value) => `${whole(value)} B`;
const index = (value) => decimals(value, 3);
const number = (value) => decimals(value, 1);

/** The targets of the library: the figure of each, and its text. */
const TARGETS = [
  higher('one.speed1', 'one Redis, one caller: cycles/s against the best peer', 1, 1.1, times),
  higher('one.speed10', '… 10 at once: cycles/s against the best peer', 1.5, 3, times),
  lower('one.latency1', '… one caller: median latency of a cycle against raw ioredis', 1.05, 1, times),
  lower('one.cpu1', '… one caller: client CPU per cycle against the leanest peer', 1, 0.8, times),
  higher('speed.5n100', 'uncontended, 100 at once, 5 nodes: cycles/s against the best peer', 10, 12, times),
  higher(
    'speed.5n1000',
    'uncontended, 1,000 at once, 5 nodes: cycles/s against the best peer',
    10,
    12,
    times,
  ),
  higher('speed.3n100', 'uncontended, 100 at once, 3 nodes: cycles/s against the best peer', 10, 12, times),
  higher(
    'speed.3n1000',
    'uncontended, 1,000 at once, 3 nodes: cycles/s against the best peer',
    10,
    12,
    times,
  ),
  lower(
    'cpu.5n100',
    '… 100 at once, 5 nodes: client CPU per cycle against the leanest peer',
    0.3,
    0.08,
    times,
  ),
  lower(
    'cpu.5n1000',
    '… 1,000 at once, 5 nodes: client CPU per cycle against the leanest peer',
    0.3,
    0.08,
    times,
  ),
  lower(
    'cpu.3n100',
    '… 100 at once, 3 nodes: client CPU per cycle against the leanest peer',
    0.3,
    0.08,
    times,
  ),
  lower(
    'cpu.3n1000',
    '… 1,000 at once, 3 nodes: client CPU per cycle against the leanest peer',
    0.3,
    0.08,
    times,
  ),
  lower(
    'latency.3n1',
    'one caller, 3 nodes: median latency of a cycle against raw ioredis',
    1.05,
    0.95,
    times,
  ),
  lower('latencyOfPeers.3n1', '… against the best peer', 1, 0.95, times),
  lower('cpu.3n1', '… client CPU per cycle against the leanest peer', 1, 0.8, times),
  higher(
    'plateau.3n',
    'throughput at 10,000 at once against the plateau of 100 to 1,000, 3 nodes',
    0.9,
    1,
    times,
  ),
  higher(
    'plateau.5n',
    'throughput at 10,000 at once against the plateau of 100 to 1,000, 5 nodes',
    0.9,
    1,
    times,
  ),
  higher(
    'contended.share',
    'contended, 4 processes x 8 workers, hold 2 ms, 3 nodes: share of the limit',
    0.85,
    0.95,
    percent,
  ),
  lower('contended.commands', '… Redis commands per acquisition, all nodes together', 10, 8, number),
  higher('contended.jain', "… Jain's index over processes", 0.9, 0.98, index),
  lower('contended.p99OverMean', '… p99 wait over mean wait', 4, 2, times),
  {
    ...lower(
      'handover.roundTrips',
      'released in one process to acquired in another, in round trips',
      4,
      2.5,
      number,
    ),
    orAtLeast: { figure: 'handover.ms', limit: 3, text: ' or 3 ms' },
  },
  lower('stalled.acquire', 'one of three nodes stalled: p99 of acquire against healthy p99', 1.5, 1, times),
  lower('stalled.release', 'one of three nodes stalled: p99 of release against healthy p99', 1.5, 1, times),
  higher('stalled.speed', '… locks/s against healthy', 1, 1, times),
  lower(
    'network.handover',
    'round trips of 10 ms, 3 nodes: released at the nodes to acquired in another process, in round trips',
    2,
    1.5,
    number,
  ),
  lower(
    'network.turns',
    '… 30 callers of one process, one key, 1 ms each: time beyond three round trips',
    70,
    25,
    ms,
  ),
  lower('waiting.heap', 'heap per waiter in line', 1_000, 500, bytes),
  lower('waiting.heapPerKey', 'heap per key that is waited for', 5_000, 5_000, bytes),
  higher(
    'hotKey.rate',
    'one key, 20,000 callers of one process, empty task: locks/s',
    40_000,
    100_000,
    whole,
  ),
  lower('import.files', 'the root entry beyond its peers: files', 10, 5, whole),
  lower('import.ms', '… time', 50, 20, ms),
  lower('held.lost', '50,000 held locks, ttl 10 s: lost', 0, 0, whole),
  lower('held.cpu', '… CPU of one core', 0.15, 0.1, percent),
  lower('held.delay', '… event-loop delay p99', 50, 15, ms),
  lower('held.heap', '… heap per lock', 500, 300, bytes),
  lower('decorator.ratio', '`@Locked` against `withLock` on memory nodes', 1.25, 1.05, times),
  lower('permits.most', 'limit 5: permits held at once, at most', 5, 5, whole),
  higher('permits.inUse', '… 32 clients, 3 nodes: share of the permits in use', 0.72, 0.8, percent),
  lower('permits.requests', '… requests per permit, all nodes together', 40, 24, number),
  higher(
    'permits.ratio',
    "… 32 callers, one Redis: permits/s against redis-semaphore's Semaphore",
    2,
    5,
    times,
  ),
  higher('shared.alone', 'readers, 100 at once, 3 nodes: cycles/s against exclusive', 0.7, 0.9, times),
  higher(
    'shared.reads',
    '48 readers in 6 processes: reads/s beside a writer, against alone',
    0.85,
    0.93,
    times,
  ),
  lower('shared.write', '… longest wait of the writer', 250, 150, ms),
  lower('shared.requests', '… requests per read, all nodes together', 0.5, 0.24, (value) => decimals(value)),
  lower('fair.overtaken', 'in line, 32 clients: overtaken at most', 16, 10, whole),
  lower('fair.worst', '… longest wait against plain locks', 0.25, 0.12, times),
  higher('fair.speed', '… locks/s against plain locks', 0.9, 0.97, times),
  lower('fair.deadMs', 'three dead waiters in front cost', 1_500, 1_000, ms),
];

/**
 * Makes the table of targets, for the parts that were run. A figure without a value belongs to a failed run.
 */
export function targetRows(figures) {
  return [
    ['work', 'at least', 'aim', 'measured', 'met'],
    ...TARGETS.filter(({ figure }) => figure in figures).map((target) => [
      target.name,
      target.show(target.atLeast) + (target.orAtLeast?.text ?? ''),
      target.show(target.aim),
      measuredText(target, figures),
      verdict(target, figures),
    ]),
  ];
}

function measuredText({ figure, show, orAtLeast }, figures) {
  if (figures[figure] === undefined) return 'failed';
  const also = orAtLeast === undefined ? '' : ` (${ms(figures[orAtLeast.figure])})`;
  return show(figures[figure]) + also;
}

function verdict({ figure, atLeast, aim, isUp, orAtLeast }, figures) {
  const value = figures[figure];
  if (value === undefined) return 'no';
  const reaches = (wanted) => (isUp ? value >= wanted : value <= wanted);
  if (reaches(aim)) return 'aim';
  if (reaches(atLeast) || figures[orAtLeast?.figure] <= orAtLeast?.limit) return 'at least';
  return 'no';
}
