import type { Clock, Timer } from '../../ports/clock.interface';
import type { Server, ServerClient } from '../client/server-client.interface';
import { watchPulse } from './pulse';

/** How many answers a silent server may miss before it is asked whether it is there. */
const DEADLINES = 3;
const BEAT_MS = 1_000;

export interface SilenceQuestions {
  /** How long a sign of life may take. */
  readonly limitMs: number;
  /** Whether an answer is owed now. */
  isOwed(): boolean;
  /** The connection to this server is dead: it was asked, and not one byte came. */
  onSilence(server: Server): void;
}

/**
 * Finds connections that are half-open: nothing is refused and nothing answered, while a new one would work. Every server
 * is asked for a sign of life at once when this process was frozen; and one of which several answers are owed, when not
 * one byte has come.
 *
 * @returns stops it
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
  // A refusal is a sign of life; a connection that broke is noticed elsewhere.
}
