import { readFileSync } from 'node:fs';
import { percent } from './format.mjs';

/** Above this share, a run says more about the host than about who was measured. */
const DISTURBED = 0.03;

/**
 * Begins to count what the host of a virtual machine takes.
 *
 * @returns what tells how much it was until now
 */
export function countStolenTime() {
  const before = readTicks();
  return () => {
    const now = readTicks();
    return new StolenTime(now && { used: now.used - before.used, stolen: now.stolen - before.stolen });
  };
}

/** How much of its CPU time a virtual machine did not get in a stretch of time, since its host gave it to others. */
export class StolenTime {
  #ticks;

  /** @param ticks undefined where the system does not tell */
  constructor(ticks) {
    this.#ticks = ticks;
  }

  /** In all of these stretches together. */
  static sum(several) {
    return several.reduce((sum, one) => sum.#plus(one), new StolenTime({ used: 0, stolen: 0 }));
  }

  /** The share of the time that this machine wanted; undefined where the system does not tell. */
  get share() {
    if (this.#ticks === undefined) return undefined;
    const { used, stolen } = this.#ticks;
    return stolen === 0 ? 0 : stolen / (stolen + used);
  }

  get isDisturbing() {
    return this.share > DISTURBED;
  }

  toString() {
    const { share } = this;
    return share === undefined ? 'unknown' : percent(share);
  }

  #plus(other) {
    const [a, b] = [this.#ticks, other.#ticks];
    return new StolenTime(a && b && { used: a.used + b.used, stolen: a.stolen + b.stolen });
  }
}

/** Of all cores, in ticks. */
function readTicks() {
  const [, line] = /^cpu +(.*)$/m.exec(readStat()) ?? [];
  if (line === undefined) return undefined;
  const [user, nice, system, , , irq, softirq, stolen = 0] = line.split(' ').map(Number);
  return { used: user + nice + system + irq + softirq, stolen };
}

function readStat() {
  try {
    return readFileSync('/proc/stat', 'utf8');
  } catch {
    // Not a Linux.
    return '';
  }
}
