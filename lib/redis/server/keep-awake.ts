import type { Clock, Timer } from '../../ports/clock.interface';
import type { ServerClient } from '../client/server-client.interface';
import { watchForStall } from './stall-watch';

const ASK_EVERY_MS = 5_000;

/**
 * Asks a connection for a sign of life now and then. It is for connections that mostly listen. A connection that
 * does not answer is reset, so that it connects again. Else a subscription that a firewall forgot would be silent
 * for a quarter of an hour, and waiters would wait for the ttl of every holder.
 *
 * Clusters check their connections by themselves, and need this not.
 */
export function keepAwake(client: ServerClient, clock: Clock, everyMs = ASK_EVERY_MS): () => void {
  if (client.cluster !== undefined) return () => undefined;
  let owed = 0;
  let answered = 0;
  let timer: Timer;
  const askLater = () => {
    timer = clock.schedule(
      everyMs,
      () => {
        if (client.isReady && owed === 0) ask();
        askLater();
      },
      { background: true },
    );
  };
  const ask = () => {
    owed += 1;
    const done = () => {
      owed -= 1;
      answered += 1;
    };
    client.send('ping').then(done, done);
  };
  askLater();
  const stopWatching = watchForStall(clock, {
    answered: () => answered,
    isOwed: () => owed > 0 || client.isGreeting,
    onStall: () => {
      client.reset();
    },
  });
  return () => {
    timer.cancel();
    stopWatching();
  };
}
