import { Board } from '../board/core/board';
import { BoardHttp } from '../board/core/board-http';
import { systemClock } from '../system/system-clock';
import { systemRandomness } from '../system/system-randomness';
import { BoardServer } from './board-server';
import { WatchedNodes } from './watched-nodes';
import type { Command, Invocation } from './command.interface';
import { EXIT } from './text/exit-code';
import { UsageError } from './nodes/usage-error';
import { withLockNodes } from './nodes/lock-nodes';
import { jsonText } from './text/json-text';

const ANY_PORT = 0;
const DEFAULTS = { interval: 1_000, limit: 5_000 };

export const board: Command = {
  name: 'board',
  takesResource: false,
  about: 'serves a live page of nodes and locks to the browsers of this machine, until Ctrl-C',
  details:
    'Serves the page of the lock board on 127.0.0.1 and prints its address. The address contains a secret: everybody who\n' +
    'has it can see all locks, and with --allow-release can release them.\n' +
    'Ends with Ctrl-C and exits with 0, or with 1 if the port is taken.',
  options: {
    port: { type: 'string', value: '<number>', about: 'the port to listen on (default: any free port)' },
    'allow-release': {
      type: 'boolean',
      about: 'permit the release of locks on the page, after a confirmation',
    },
    interval: {
      type: 'string',
      value: '<ms>',
      about: `time between two looks, 250 to 60000 (default ${DEFAULTS.interval})`,
    },
    limit: {
      type: 'string',
      value: '<number>',
      about: `the most locks to show, 1 to 10000 (default ${DEFAULTS.limit})`,
    },
    title: { type: 'string', value: '<text>', about: "the heading (default 'Locks')" },
  },
  async run(invocation, terminal) {
    const port = inRange(invocation, 'port', { otherwise: ANY_PORT, least: 1, most: 65_535 });
    const intervalMs = inRange(invocation, 'interval', {
      otherwise: DEFAULTS.interval,
      least: 250,
      most: 60_000,
    });
    const limit = inRange(invocation, 'limit', { otherwise: DEFAULTS.limit, least: 1, most: 10_000 });
    const http = new BoardHttp({
      title: invocation.text('title', 'Locks'),
      allowRelease: invocation.flag('allow-release'),
      randomness: systemRandomness,
    });
    const stop = terminal.catchStop();
    await withLockNodes(invocation, async (nodes, serversOf) => {
      const { timeoutMs } = invocation;
      const watched = new WatchedNodes({ nodes, serversOf, clock: systemClock, timeoutMs });
      http.start(new Board(watched, { clock: systemClock, intervalMs, limit }));
      const server = new BoardServer(http, systemRandomness.secret());
      try {
        const url = await server.listen(port);
        terminal.print(
          invocation.json
            ? jsonText({ url })
            : `${url}\nEverybody who has this address can see the locks. Ctrl-C ends the board.`,
        );
        await untilAborted(stop);
      } catch (error) {
        throw isTaken(error)
          ? new Error(`port ${port} is taken. Give another --port, or none for any free port.`)
          : error;
      } finally {
        await server.close();
        watched.close();
      }
    });
    return EXIT.ok;
  },
};

function inRange(
  invocation: Invocation,
  name: string,
  { otherwise, least, most }: { otherwise: number; least: number; most: number },
): number {
  const number = invocation.wholeNumber(name, otherwise);
  if (number === otherwise || (number >= least && number <= most)) return number;
  throw new UsageError(`--${name} must be a whole number from ${least} to ${most}.`);
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
}

function isTaken(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
}
