import type { ChannelEvents } from '../server-client.interface';
import type { Handshake } from './handshake';
import type { Cluster, Redis } from './ioredis';
import { followSubscriber } from './follow-subscriber';
import { onReady } from './on-ready';

/** Translates the events of a client that subscribes. */
export function listenTo(
  client: Redis | Cluster,
  handshake: Handshake | undefined,
  events: ChannelEvents,
): void {
  client.on('error', (error: unknown) => {
    events.onError(error);
  });
  const ready = () => {
    events.onReady();
  };
  if (client.isCluster) {
    client.on('ready', ready);
    followSubscriber(client as Cluster, () => {
      events.onClose(handshake?.failure);
      ready();
    });
  } else onReady(client as Redis, ready);
  client.on('close', () => {
    events.onClose(handshake?.failure);
  });
  client.on('message', (channel: string, message: string) => {
    events.onMessage(channel, message);
  });
  client.on('pmessage', (_pattern: string, channel: string, message: string) => {
    events.onMessage(channel, message);
  });
}
