import type { ServerClient } from '../../../../../lib/redis/client/server-client.interface';
import { FakeClient } from '../../../../helpers/fake-client';
import { VirtualClock } from '../../../../helpers/virtual-clock';

describe('a client that ioredis calls ready after its connection has ended', () => {
  it.each<[string, (client: ServerClient, isUp: () => void) => void]>([
    [
      'asks',
      (client, onUp) => {
        client.watch({ onServerReady: onUp, onListed() {}, onUp, onDown() {}, onError() {} });
      },
    ],
    [
      'subscribes',
      (client, onReady) => {
        client.listen({ onReady, onClose() {}, onError() {}, onMessage() {} });
      },
    ],
  ])('is not up, and is connected again: one that %s', async (_, hear) => {
    const client = new FakeClient();
    const clock = new VirtualClock();
    const isUp = jest.fn();
    hear(client.asServer, isUp);
    client.asServer.keepConnected(clock, () => undefined);

    client.becomeReadyAfterItsEnd();
    await clock.advance(50);
    expect(isUp).not.toHaveBeenCalled();
    expect(client.begun).toHaveLength(2);

    client.becomeReady();
    expect(isUp).toHaveBeenCalled();
  });
});
