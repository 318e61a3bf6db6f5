import { EventEmitter } from 'node:events';
import { socketRequest } from '../../../lib/nest/socket-request';

const socketIo = (isGone: boolean) =>
  Object.assign(new EventEmitter(), { disconnected: isGone, handshake: {} });
const ws = (isGone: boolean) =>
  Object.assign(new EventEmitter(), { readyState: isGone ? 2 : 1, terminate: () => undefined });

describe.each([
  ['socket.io', 'disconnect', socketIo],
  ['ws', 'close', ws],
])('a message of %s', (_, event, clientOf) => {
  it('tells once that its client goes', () => {
    const client = clientOf(false);
    const onGone = jest.fn();

    socketRequest(['data', client], false)?.watch(onGone);
    expect(onGone).not.toHaveBeenCalled();
    client.emit(event);
    client.emit(event);

    expect(onGone).toHaveBeenCalledTimes(1);
  });

  it('tells at once that its client has gone already', () => {
    const onGone = jest.fn();

    socketRequest([clientOf(true)], false)?.watch(onGone);

    expect(onGone).toHaveBeenCalledTimes(1);
  });

  it('listens no longer when it is done', () => {
    const client = clientOf(false);

    socketRequest([client], false)?.watch(() => undefined)?.();

    expect(client.eventNames()).toEqual([]);
  });

  it.each([true, false])('stops waiting where its client may leave: %s', (stopsWaiting) => {
    expect(socketRequest([clientOf(false)], stopsWaiting)?.stopsWaiting).toBe(stopsWaiting);
  });
});

it.each<[string, unknown]>([
  ['nothing', undefined],
  ['an emitter that is no connection', new EventEmitter()],
  ['an object that looks like one', { disconnected: false, handshake: {}, once: () => undefined }],
  [
    'a proxy, of which nothing is read',
    new Proxy(socketIo(false), {
      get: () => {
        throw new Error('mine');
      },
    }),
  ],
])('%s is no client of a message', (_, argument) => {
  expect(socketRequest([argument], true)).toBeUndefined();
});
