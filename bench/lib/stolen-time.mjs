import { readFileSync } from 'node:fs';
import { percent } from './format.mjs';

/** Above this share, a run says more about the host than about the contenders. */
const DISTURBED = 0.03;

/**
 * Begins to count the time that the host of a virtual machine takes.
 *
 * @returns a function that tells the time so far
 */
export function countStolenTime() {
  const before = readTicks();
  return () => {
    const now = readTicks();
    return new StolenTime(now && { used: now.used - before.used, stolen: now.stolen - before.stolen });
  };
}

/** The part of its CPU time that a virtual machine did not get, since its host gave it to others. */
export class StolenTime {
  #ticks;

  /** @param ticks undefined if the system does not tell */
  constructor(ticks) {
    this.#ticks = ticks;
  }

  /** Adds up several measurements. */
  static sum(several) {
    return several.reduce((sum, one) => sum.#plus(one), new StolenTime({ used: 0, stolen: 0 }));
  }

  /** The share of the time that this machine wanted. Undefined if the system does not tell. */
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

/** Reads the time of all cores, in ticks. */
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
    // The system is no Linux.
    return '';
  }
}
