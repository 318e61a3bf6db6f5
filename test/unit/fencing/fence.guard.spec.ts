import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host';
import type { FenceGuardOptions } from '../../../lib/fencing';
import { FenceGuard, MemoryFenceStore } from '../../../lib/fencing';

const store = new MemoryFenceStore();

describe('FenceGuard', () => {
  it.each<[string, unknown, string]>([
    ['no options', undefined, 'options'],
    ['no store', {}, 'store'],
    ['a store and a provider', { store, inject: MemoryFenceStore }, 'store'],
    ['a store that is none', { store: {} }, 'store'],
    ['null', { store: null }, 'store'],
    ['a word', { store, required: 'yes' }, 'required'],
  ])('refuses %s when the class is defined', (_, options, option) => {
    expect(() => FenceGuard('order:<params.id>', options as FenceGuardOptions)).toThrow(
      expect.objectContaining({ code: 'LOCK_OPTIONS_INVALID', option }) as Error,
    );
  });

  it('refuses a bad template when the class is defined', () => {
    expect(() => FenceGuard('order:<id>', { store })).toThrow(
      expect.objectContaining({ code: 'LOCK_KEY_INVALID' }) as Error,
    );
  });

  it('refuses what is no HTTP request, which has no headers', async () => {
    const guard = new (FenceGuard('order', { store }))();
    const context = new ExecutionContextHost([{ id: 7 }]);
    context.setType('rpc');

    await expect(guard.canActivate(context)).rejects.toMatchObject({
      code: 'LOCK_OPTIONS_INVALID',
      option: 'fence',
    });
  });
});
