import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/**
 * Ends `child` when this process is gone, however it went. An 'exit' listener would not do: jest gives tests a
 * `process` of their own, on which it never fires.
 *
 * @returns what calls the watch off, for a child that has ended already
 */
export function dieWithUs(child: ChildProcess, directory: string): () => void {
  // The shell waits for the end of its input, which the operating system brings about when we are no more.
  const watch = 'read _; kill -9 "$1" 2>/dev/null; rm -rf "$2"';
  const guard = spawn('sh', ['-c', watch, 'sh', String(child.pid), directory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Ctrl-C goes to the whole group of processes, and would end the guard before its work is done.
    detached: true,
  });
  letExit(guard);
  letExit(child);
  return () => guard.kill('SIGKILL');
}

/** A child must not keep jest from ending. */
function letExit(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as Socket | null)?.unref();
}
