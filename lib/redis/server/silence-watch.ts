import type { Clock, Timer } from '../../ports/clock.interface';
import type { Server, ServerClient } from '../client/server-client.interface';
import { watchPulse } from './pulse';

/** A silent server may miss this many answers before it is asked for a sign of life. */
const DEADLINES = 3;
const BEAT_MS = 1_000;

export interface SilenceQuestions {
  /** The longest time that a sign of life may take. */
  readonly limitMs: number;
  /** Tells if an answer is owed now. */
  isOwed(): boolean;
  /** Called when the connection to this server is dead: it was asked, and not one byte came. */
  onSilence(server: Server): void;
}

/**
 * Finds connections that are half-open: nothing is refused and nothing is answered, although a new connection
 * would work. It asks every server for a sign of life after this process was frozen. It also asks a server that
 * owes several answers if not one byte has come.
 *
 * @returns a function that stops it
 */
export function watchForSilence(client: ServerClient, clock: Clock, questions: SilenceQuestions): () => void {
  const silentBeats = Math.ceil((DEADLINES * questions.limitMs) / BEAT_MS) + 1;
  const limits = new Set<Timer>();
  let silent = 0;
  let bytesBefore: number | undefined;

  const ask = () => {
    for (const server of client.servers()) {
      const { connection } = server;
      if (connection === undefined || (!server.isReady && !server.isGreeting)) continue;
      const before = connection.bytesRead;
      if (server.isReady) server.send('ping').catch(ignore);
      const limit = clock.schedule(
        questions.limitMs,
        () => {
          clock.afterArrivedReplies(() => {
            limits.delete(limit);
            if (server.connection === connection && connection.bytesRead === before)
              questions.onSilence(server);
          });
        },
        { background: true },
      );
      limits.add(limit);
    }
  };
  const stopWatching = watchPulse(clock, {
    onThaw: () => {
      silent = 0;
      ask();
    },
    // A cluster has limits of its own for each of its servers.
    onBeat: () => {
      const bytes = client.cluster === undefined ? bytesRead(client) : undefined;
      const isSilent = bytes !== undefined && bytes === bytesBefore && questions.isOwed();
      bytesBefore = bytes;
      silent = isSilent ? silent + 1 : 0;
      if (silent < silentBeats) return;
      silent = 0;
      ask();
    },
  });
  return () => {
    stopWatching();
    for (const limit of limits) limit.cancel();
  };
}

function bytesRead(client: ServerClient): number | undefined {
  return client.servers()[0]?.connection?.bytesRead;
}

function ignore(): void {
  // A refusal is a sign of life. A connection that broke is noticed elsewhere.
}
