import { parseArgs } from 'node:util';
import type { ToldProgress } from '../helpers/told-progress';
import { Chaos } from './chaos';
import { CLOCK_JUMP, FAULT_KINDS, type FaultKind } from './node-faults';
import { type Sabotage, SABOTAGES } from './settings';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string' },
    processes: { type: 'string', default: '4' },
    workers: { type: 'string', default: '5' },
    /** These kinds of faults of nodes alone, by name. */
    faults: { type: 'string' },
    /** The share of holds without a fencing token; then no clock jumps, which only grants with a token notice at once. */
    plain: { type: 'string', default: '0' },
    /** The share of callers that read, or ask for permits. */
    members: { type: 'string', default: '0.5' },
    /** Breaks a rule on purpose. */
    break: { type: 'string' },
  },
});

let chaos: Chaos | undefined;

/** `npm run chaos`: real processes, and all that can happen to them. Returns the exit code. */
export async function main(root: string, progress: ToldProgress): Promise<number> {
  chaos = new Chaos({
    seed: values.seed === undefined ? Date.now() % 1_000_000 : number('seed', values.seed),
    processes: number('processes', values.processes),
    workers: number('workers', values.workers),
    durationMs: duration(),
    plainHolds: number('plain', values.plain),
    members: number('members', values.members),
    sabotage: sabotage(values.break),
    kinds: kinds(values.faults),
    root,
    progress,
    print: (line) => {
      console.log(line);
    },
  });
  const summary = await chaos.run();
  const rows = summary.rows();
  const width = Math.max(...rows.map(([name]) => name.length));
  console.log('');
  for (const [name, value] of rows) console.log(`${name.padEnd(width)}   ${value.padStart(8)}`);
  console.log(summary.isGood ? '\nNo rule was broken.' : '\nWRONG: see above.');
  return summary.isGood ? 0 : 1;
}

export async function stop(): Promise<void> {
  await chaos?.stop();
}

function duration(): number {
  if (values.minutes !== undefined) return number('minutes', values.minutes) * 60_000;
  return number('seconds', values.seconds ?? '60') * 1_000;
}

function kinds(names: string | undefined): readonly FaultKind[] {
  // Nothing else, so that it shows soon.
  if (names === undefined && values.break === 'guard') return ['restarted empty'];
  if (names === undefined)
    return FAULT_KINDS.filter((kind) => kind !== CLOCK_JUMP || Number(values.plain) === 0);
  return names.split(',').map((name) => {
    const kind = FAULT_KINDS.find((one) => one === name.trim());
    if (kind === undefined) throw new Error(`no fault "${name}"; there are: ${FAULT_KINDS.join(', ')}`);
    return kind;
  });
}

function sabotage(name: string | undefined): Sabotage | undefined {
  if (name === undefined) return undefined;
  const found = SABOTAGES.find((one) => one === name);
  if (found === undefined)
    throw new Error(`nothing to break is called "${name}"; there are: ${SABOTAGES.join(', ')}`);
  return found;
}

function number(option: string, text: string): number {
  const value = Number(text);
  if (text === '' || !(value >= 0)) throw new Error(`--${option} must be a number, and not "${text}"`);
  return value;
}
