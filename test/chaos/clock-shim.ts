import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A wall clock of one server that can be moved while it runs. */
export interface MovableClock {
  /** The environment of the server's process. */
  readonly env: NodeJS.ProcessEnv;
  jump(byMs: number): void;
}

/**
 * Compiles the library that moves clocks; undefined where that is not possible: it needs Linux and a C compiler.
 *
 * @param source the C file
 * @returns the path of the library
 */
export function buildClockShim(source: string, directory: string): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const library = join(directory, 'clock-shim.so');
  const { status } = spawnSync('gcc', ['-shared', '-fPIC', '-O2', '-o', library, source], {
    stdio: 'ignore',
  });
  return status === 0 ? library : undefined;
}

export function movableClock(library: string, file: string): MovableClock {
  let offsetMs = 0;
  const write = () => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(offsetMs));
    writeFileSync(file, bytes, { flag: 'r+' });
  };
  writeFileSync(file, Buffer.alloc(8));
  return {
    env: { LD_PRELOAD: library, CHAOS_CLOCK_FILE: file },
    jump(byMs) {
      offsetMs += byMs;
      write();
    },
  };
}
