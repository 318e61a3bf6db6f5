import { TurnListeners } from '../../../lib/redis/turn-listeners';
import { FakeClient } from '../../helpers/fake-client';

describe('the listeners to the turns of a process', () => {
  it.each([
    ['NOPERM No permissions to access a channel', true],
    ["ERR unknown command 'SUBSCRIBE', with args beginning with: ", true],
    ['LOADING Redis is loading the dataset in memory', false],
    ['Connection is closed.', false],
  ])('know whether the server refuses them for good: %s (%s)', async (error, isRefused) => {
    const client = new FakeClient();
    client.becomeReady();
    jest.spyOn(client, 'subscribe').mockRejectedValue(new Error(error));
    const turns = new TurnListeners('lock:');
    turns.expect('line');

    turns.subscribe(client.asServer);
    await new Promise((resolve) => setImmediate(resolve));

    expect(turns.isRefused).toBe(isRefused);
  });
});
