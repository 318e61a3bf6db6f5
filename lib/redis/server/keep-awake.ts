import type { Cluster, Redis } from 'ioredis';
import type { Clock, Timer } from '../../ports/clock.interface';
import { breakConnection, isCluster } from '../client/ioredis/break-connection';
import { watchForStall } from './stall-watch';

const ASK_EVERY_MS = 5_000;

/**
 * Asks a connection on which nothing is asked, but much is heard, for a sign of life now and then; one that gives none
 * is reset, so that it connects again. Else a subscription that a firewall forgot would be silent for a quarter of an
 * hour, and those who wait would wait for the ttl of every holder.
 *
 * Not for a cluster, which looks after its connections by itself.
 */
export function keepAwake(client: Redis | Cluster, clock: Clock, everyMs = ASK_EVERY_MS): () => void {
  if (isCluster(client)) return () => undefined;
  let owed = 0;
  let answered = 0;
  let timer: Timer;
  const askLater = () => {
    timer = clock.schedule(
      everyMs,
      () => {
        if (client.status === 'ready' && owed === 0) ask();
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
    client.ping().then(done, done);
  };
  askLater();
  const stopWatching = watchForStall(clock, {
    answered: () => answered,
    isOwed: () => owed > 0 || client.status === 'connect',
    onStall: () => {
      breakConnection(client);
    },
  });
  return () => {
    timer.cancel();
    stopWatching();
  };
}
