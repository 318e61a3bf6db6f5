import { readFileSync } from 'node:fs';
import { percent } from './format.mjs';

/** Above this share, a run says more about the host than about who was measured. */
const DISTURBED = 0.03;

/** How much of the CPU time the host of a virtual machine gives to others, from now on until it is stopped. */
export class StolenTime {
  #before = read();
  #spent;

  /** What it was in several stretches of time that were stopped. */
  static inAll(several) {
    const all = new StolenTime();
    all.#spent = several.every(({ spent }) => spent !== undefined)
      ? several.reduce((sum, { spent }) => plus(sum, spent), { used: 0, stolen: 0 })
      : undefined;
    all.#before = undefined;
    return all;
  }

  stop() {
    this.#spent = this.spent;
    this.#before = undefined;
  }

  get spent() {
    if (this.#before === undefined) return this.#spent;
    const now = read();
    return now && { used: now.used - this.#before.used, stolen: now.stolen - this.#before.stolen };
  }

  /** The share of the time that this machine wanted; undefined where the system does not tell. */
  get share() {
    const { spent } = this;
    if (spent === undefined) return undefined;
    return spent.stolen === 0 ? 0 : spent.stolen / (spent.stolen + spent.used);
  }

  get isDisturbing() {
    return this.share > DISTURBED;
  }

  toString() {
    const { share } = this;
    return share === undefined ? 'unknown' : percent(share);
  }
}

function plus(a, b) {
  return { used: a.used + b.used, stolen: a.stolen + b.stolen };
}

/** Of all cores, in ticks. */
function read() {
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
