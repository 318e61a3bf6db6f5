import { systemClock } from '../../system/system-clock';

const PINGS = 10;
const CLOCK_READINGS = 3;

export interface Latency {
  /**
   * The shortest time, which tells the distance of the server. Longer ones also contain the load of both machines.
   */
  readonly bestMs: number;
  readonly medianMs: number;
  readonly worstMs: number;
}

export interface ClockReading {
  /** The clock of the server is ahead of ours by this much. */
  readonly offsetMs: number;
  /** The difference is exact to this: half of the round trip. */
  readonly toleranceMs: number;
}

export async function measureLatency(ping: () => Promise<unknown>): Promise<Latency> {
  const took: number[] = [];
  while (took.length < PINGS) {
    const startedAtMs = systemClock.now();
    await ping();
    took.push(systemClock.now() - startedAtMs);
  }
  took.sort((a, b) => a - b);
  return { bestMs: took[0] ?? 0, medianMs: took[Math.floor(PINGS / 2)] ?? 0, worstMs: took.at(-1) ?? 0 };
}

/**
 * Measures the clock of a server. The server read it somewhere within the round trip, so the middle of the round
 * trip is wrong by at most half of it. Undefined if the answer is no time.
 */
export async function measureClock(
  time: () => Promise<readonly unknown[]>,
): Promise<ClockReading | undefined> {
  const readings: ClockReading[] = [];
  while (readings.length < CLOCK_READINGS) {
    const startedAtMs = systemClock.now();
    const [seconds, micros] = await time();
    const toleranceMs = (systemClock.now() - startedAtMs) / 2;
    const serverMs = Number(seconds) * 1_000 + Number(micros) / 1_000;
    if (!Number.isFinite(serverMs)) return undefined;
    readings.push({ offsetMs: serverMs - (systemClock.wallNow() - toleranceMs), toleranceMs });
  }
  return readings.sort((a, b) => a.toleranceMs - b.toleranceMs)[0];
}
