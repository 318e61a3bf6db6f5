import { spawnSync } from 'node:child_process';

/** Prometheus's own tool, of the Debian package `prometheus`. Specs that import this are skipped where it is not in PATH. */
export function promtool(...args: string[]): { isFine: boolean; output: string } {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { encoding: 'utf8' });
  return { isFine: status === 0, output: error?.message ?? stdout + stderr };
}
