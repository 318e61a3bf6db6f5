import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host';
import type { ContextLockKey } from '../../../lib';
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
    ['a name that it does not know', { store, requird: false }, 'requird'],
    ['a negative time', { store, maxAhead: -1 }, 'maxAhead'],
    ['a time that is no number', { store, maxAhead: NaN }, 'maxAhead'],
    ['a time as text', { store, maxAhead: '1h' }, 'maxAhead'],
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

  const HOUR_MICROS = 3_600_000_000;
  const nowMicros = () => Date.now() * 1_000;

  function request(token: number, params: Record<string, unknown> = { id: '7' }) {
    const headers = { 'fencing-token': String(token), 'fencing-owner': 'anna' };
    const context = new ExecutionContextHost([{ headers, params }]);
    context.setType('http');
    return context;
  }

  const guardOf = (key: ContextLockKey, options: Partial<FenceGuardOptions> = {}) => {
    const own = new MemoryFenceStore();
    return { own, guard: new (FenceGuard(key, { store: own, ...options }))() };
  };

  it('remembers no token of a time that is still to come, so that it keeps out nobody', async () => {
    const { own, guard } = guardOf('order:<params.id>');

    for (const token of [Number.MAX_SAFE_INTEGER, nowMicros() + 2 * HOUR_MICROS]) {
      await expect(guard.canActivate(request(token))).rejects.toMatchObject({
        code: 'FENCE_AHEAD',
        status: 400,
      });
    }

    expect(own.size).toBe(0);
    await expect(guard.canActivate(request(nowMicros() + HOUR_MICROS / 2))).resolves.toBe(true);
    await expect(guard.canActivate(request(nowMicros() + HOUR_MICROS / 2 + 1))).resolves.toBe(true);
  });

  it('takes tokens that are as far ahead as `maxAhead` says', async () => {
    const { guard: strict } = guardOf('order:<params.id>', { maxAhead: 60_000 });
    const { guard: any } = guardOf('order:<params.id>', { maxAhead: Infinity });

    await expect(strict.canActivate(request(nowMicros() + HOUR_MICROS / 2))).rejects.toMatchObject({
      code: 'FENCE_AHEAD',
    });
    await expect(any.canActivate(request(Number.MAX_SAFE_INTEGER))).resolves.toBe(true);
  });

  it.each<[string, ContextLockKey, Record<string, unknown>]>([
    ['that is too long', 'order:<params.id>', { id: 'a'.repeat(1_020) }],
    ['that becomes too long as a key', 'order:<params.id>', { id: 'ä'.repeat(200) }],
    ['that is missing', 'order:<params.id>', {}],
    ['of another form', 'order:<params.id|int>', { id: 'seven' }],
    ['that is half of a surrogate pair', 'order:<params.id>', { id: '\ud800' }],
    ['that a function made too long', () => 'a'.repeat(1_025), {}],
    ['with half of a surrogate pair of a function', () => 'a\udc00', {}],
    ['that a function took for a counter of the nodes', () => '#fence:7', {}],
    ['that is one of 1,001', () => Array.from({ length: 1_001 }, (_, i) => `order:${i}`), {}],
    ['that is the second of two', ['order:<params.id>', 'line:<params.line>'], { id: '7' }],
  ])('answers 400 for a resource %s, and remembers none', async (_, key, params) => {
    const { own, guard } = guardOf(key);

    await expect(guard.canActivate(request(nowMicros(), params))).rejects.toMatchObject({
      name: 'FenceException',
      code: 'FENCE_RESOURCE_INVALID',
      status: 400,
      cause: { code: 'LOCK_KEY_INVALID' },
    });
    expect(own.size).toBe(0);
  });

  it('leaves a key function that is wrong a fault of the application', async () => {
    const { guard } = guardOf(() => undefined as unknown as string);

    await expect(guard.canActivate(request(nowMicros()))).rejects.toMatchObject({
      code: 'LOCK_KEY_INVALID',
      isFromClient: false,
    });
  });

  const UUID = '6f2c1b1e-9d0a-4c7e-8b67-0a1b2c3d4e5f';
  it.each([
    ['int', ['7', '07', '0007']],
    ['uuid', [UUID, UUID.toUpperCase()]],
    ['lower', ['anna', 'ANNA', 'Anna']],
    ['trim', ['anna', ' anna', 'anna\t']],
    ['trim|lower', ['anna', ' Anna ']],
  ])('knows all spellings of a value for one resource with |%s', async (form, spellings) => {
    for (const other of spellings.slice(1)) {
      const { own, guard } = guardOf(`order:<params.id|${form}>`);
      await guard.canActivate(request(6, { id: spellings[0] }));

      await expect(guard.canActivate(request(5, { id: other }))).rejects.toMatchObject({
        code: 'FENCE_STALE',
      });
      expect(own.size).toBe(1);
    }
  });
});
