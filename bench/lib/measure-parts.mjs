import { inProgress, setHeadline } from '../../scripts/lib/progress.mjs';
import { Timetable } from '../../scripts/lib/timetable.mjs';
import { printPart } from './report.mjs';
import { countStolenTime, StolenTime } from './stolen-time.mjs';

/** A part is not measured again if it would end after this time. */
const LONGEST_MS = 570_000;

/** Measures and prints parts, by their names. */
export async function measureParts(names, { quick }) {
  const start = performance.now();
  const timetable = new Timetable(['bench', ...(quick ? ['quick'] : []), ...names].join(' '));
  setHeadline(() => String(timetable));
  const measured = [];
  for (const name of names) {
    timetable.begin(name);
    measured.push(await measurePart(name, { quick }));
    timetable.end(name);
  }
  timetable.save();
  if (!quick) await measureDisturbedAgain(measured, start);
  return {
    results: measured.map(({ result }) => result),
    tookMs: performance.now() - start,
    stolen: StolenTime.sum(measured.map(({ stolen }) => stolen)),
  };
}

async function measurePart(name, { quick }) {
  const part = await import(`../parts/${name}.mjs`);
  const start = performance.now();
  const stolenSoFar = countStolenTime();
  const result = await inProgress(name, () => part[functionOf(name)]({ quick }));
  const [tookMs, stolen] = [performance.now() - start, stolenSoFar()];
  printPart(result, tookMs, stolen);
  return { name, result, tookMs, stolen };
}

/** The function of a part: `oneRedis` for `one-redis`. */
function functionOf(name) {
  return name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
}

/**
 * Measures disturbed parts again, each once, the most disturbed first, while there is time. The calmer
 * measurement counts, whatever its result is.
 */
async function measureDisturbedAgain(measured, start) {
  const disturbed = measured.filter(({ stolen }) => stolen.isDisturbing);
  for (const before of disturbed.sort((a, b) => b.stolen.share - a.stolen.share)) {
    if (performance.now() - start + before.tookMs > LONGEST_MS) continue;
    console.log(`\nOnce more, since the host took ${before.stolen} of its time: ${before.name}`);
    const again = await measurePart(before.name, { quick: false });
    if (again.stolen.share < before.stolen.share) measured[measured.indexOf(before)] = again;
  }
}
