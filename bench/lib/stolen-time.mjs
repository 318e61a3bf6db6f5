import { readFileSync } from 'node:fs';
import { percent } from './format.mjs';

/** Above this share, a run says more about the host than about who was measured. */
const DISTURBED = 0.03;

/** How much of the CPU time the host of a virtual machine gives to others, from now on. */
export class StolenTime {
  #before = read();

  /** The share of the time that this machine wanted; undefined where the system does not tell. */
  get share() {
    const now = read();
    if (now === undefined || this.#before === undefined) return undefined;
    const stolen = now.stolen - this.#before.stolen;
    const used = now.used - this.#before.used;
    return stolen === 0 ? 0 : stolen / (stolen + used);
  }

  get isDisturbing() {
    return this.share > DISTURBED;
  }

  toString() {
    const { share } = this;
    return share === undefined ? 'unknown' : percent(share);
  }
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
