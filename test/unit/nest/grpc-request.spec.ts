import { EventEmitter } from 'node:events';
import { grpcRequest } from '../../../lib/nest/grpc-request';

describe('the client of a call of gRPC', () => {
  const callWith = (fields: object) =>
    Object.assign(new EventEmitter(), { cancelled: false, sendMetadata: () => undefined, ...fields });

  it.each([
    ['has gone', 'in the middle of the call', { writableEnded: false }, 1],
    ['has gone', 'in the middle of a call that cannot be written to', {}, 1],
    ['has its answer', 'after the end of that', { writableEnded: true }, 0],
  ])('%s when it is told as cancelled %s', (_what, _when, fields, times) => {
    const call = callWith(fields);
    const onGone = jest.fn();
    grpcRequest([{}, {}, call], true)?.watch(onGone);

    call.emit('cancelled');

    expect(onGone).toHaveBeenCalledTimes(times);
  });

  it('has gone when it had cancelled before', () => {
    const onGone = jest.fn();

    grpcRequest([{}, {}, callWith({ cancelled: true })], true)?.watch(onGone);

    expect(onGone).toHaveBeenCalledTimes(1);
  });
});
