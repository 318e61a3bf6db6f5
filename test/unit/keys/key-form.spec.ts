import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host';
import { LockKeyError } from '../../../lib';
import { contextKeySource } from '../../../lib/keys/context-key';
import { compileLockKey } from '../../../lib/keys/lock-key';
import { methodKeySource } from '../../../lib/keys/method-key';

const UUID = '4f0f8e5c-0f5d-4b2a-9d53-0d4f7f1f0a01';

function errorOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('a form in a key template', () => {
  const keyOf = (template: string, id: unknown) =>
    compileLockKey(template, contextKeySource)(new ExecutionContextHost([{ params: { id }, user: { id } }]));

  it.each([
    ['int', ['7', '07', '0000007', 7, 7n], '7'],
    ['int', ['0', '-0', 0, -0], '0'],
    ['int', ['-12', -12, '-012'], '-12'],
    ['uuid', [UUID, UUID.toUpperCase()], UUID],
    ['lower', ['Anna@Example.org', 'anna@example.org'], 'anna%40example.org'],
    ['lower', ['\u00c4', 'a\u0308', 'A\u0308'], '%C3%A4'],
    ['trim|lower', [' Anna', 'anna\t', 'ANNA'], 'anna'],
  ])('%s makes one key of all spellings of a value', (forms, spellings, expected) => {
    const keys = spellings.map((id) => keyOf(`order:<params.id|${forms}>`, id));

    expect(new Set(keys)).toEqual(new Set([`order:${expected}`]));
  });

  it.each([
    ['int', '7.0'],
    ['int', '7e3'],
    ['int', '+7'],
    ['int', ' 7'],
    ['int', '0x7'],
    ['int', '٧'],
    ['int', 'seven'],
    ['int', 7.5],
    ['int', NaN],
    // One number for a pipe, and two texts.
    ['int', '9007199254740993'],
    ['int', '9'.repeat(5_000)],
    ['int', ['7']],
    ['uuid', UUID.replaceAll('-', '')],
    ['uuid', `{${UUID}}`],
    ['uuid', 7],
    ['lower', ['Anna']],
    ['lower', 7],
    ['int', undefined],
    ['uuid', null],
    ['lower', ''],
    ['trim', '  '],
  ])('%s refuses %p, for which the client is answerable', (form, id) => {
    const error = errorOf(() => keyOf(`order:<params.id|${form}>`, id));

    expect(error).toBeInstanceOf(LockKeyError);
    expect(error).toMatchObject({ isFromClient: true });
  });

  it('takes a missing user for a fault of the application', () => {
    expect(errorOf(() => keyOf('order:<user.id>', undefined))).toMatchObject({ isFromClient: false });
  });

  it('is there for methods too', () => {
    const resolve = compileLockKey('order:<0.id|int>', methodKeySource);

    expect(resolve({ instance: {}, args: [{ id: '007' }] })).toBe('order:7');
  });

  it.each(['<params.id|number>', '<params.id|>', '<params.id|int|up>', '<|int>', '<params.id | int>'])(
    'that is none is refused at once: %s',
    (template) => {
      expect(() => compileLockKey(template, contextKeySource)).toThrow(LockKeyError);
    },
  );
});
