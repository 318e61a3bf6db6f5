import { randomFillSync } from 'node:crypto';
import type { Randomness } from '../ports/randomness.interface';

const SECRET_BYTES = 16;
const POOL_BYTES = 256 * SECRET_BYTES;

// One call into the operating system fills many secrets. A call per lock would be a large part of what a lock
// costs.
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;

/** The random numbers of this process. */
export const systemRandomness: Randomness = {
  secret() {
    if (used === POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    const from = used;
    used += SECRET_BYTES;
    return pool.toString('base64url', from, used);
  },

  fraction: () => Math.random(),
};
