import { LockOptionsError } from '../../../lib/errors/lock-options.error';
import { checkPlacedOptions } from '../../../lib/calls/check-placed-options';

describe('options that stand at a class', () => {
  it.each<[string, unknown]>([
    ['options', null],
    ['options', []],
    ['timeout', { timeout: 1 }],
    ['ttl', { ttl: -1 }],
    ['wait', { wait: '1s' }],
    ['autoExtend', { autoExtend: 1 }],
    ['onBusy', { onBusy: 'ignore' }],
    ['onBusy', { onBusy: null }],
    ['onLost', { onLost: 'skip' }],
    ['onLost', { onLost: null }],
    ['returns', { returns: 'stream' }],
    ['connection', { connection: '' }],
    ['connection', { connection: 7 }],
    ['reentrant', { reentrant: 'no' }],
  ])('are refused with the name %j: %j', (option, options) => {
    const check = () => {
      checkPlacedOptions(options);
    };

    expect(check).toThrow(LockOptionsError);
    expect(check).toThrow(expect.objectContaining({ option }) as Error);
  });

  it('are taken when each of them can be meant', () => {
    const options = {
      ttl: 5_000,
      wait: 0,
      onBusy: () => 1,
      onLost: 'ignore',
      returns: 'promise',
      connection: 'billing',
      reentrant: false,
    };

    expect(() => {
      checkPlacedOptions(options);
    }).not.toThrow();
  });
});
