import type { Fail } from './key-part';

/** Makes one value of all its spellings. A missing value is passed on, and refused later. */
export type KeyForm = (value: unknown, fail: Fail) => unknown;

/**
 * The forms that a placeholder may ask for: `<params.id|int>`. A key is text, so two spellings of one value are
 * two keys, and their holders would run at the same time.
 */
export const KEY_FORMS: ReadonlyMap<string, KeyForm> = new Map<string, KeyForm>([
  [
    'int',
    (value, fail) => {
      if (isMissing(value)) return value;
      const number = isNumeral(value) ? Number(value) : undefined;
      // Above this limit several numerals are the same number, and a pipe that makes numbers of them could not
      // tell them apart.
      if (!Number.isSafeInteger(number)) throw fail('is no whole number that JavaScript can hold exactly.');
      return String(number);
    },
  ],
  [
    'uuid',
    (value, fail) => {
      if (isMissing(value)) return value;
      if (typeof value !== 'string' || !UUID.test(value))
        throw fail('is no UUID, such as 8-4-4-4-12 digits.');
      return value.toLowerCase();
    },
  ],
  ['lower', (value, fail) => (isMissing(value) ? value : textOf(value, fail).toLowerCase().normalize('NFC'))],
  ['trim', (value, fail) => (isMissing(value) ? value : textOf(value, fail).trim())],
]);

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const NUMERAL = /^-?\d{1,400}$/;

function isMissing(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function isNumeral(value: unknown): boolean {
  if (typeof value === 'number') return true;
  return typeof value === 'bigint' || (typeof value === 'string' && NUMERAL.test(value));
}

function textOf(value: unknown, fail: Fail): string {
  if (typeof value === 'string') return value;
  throw fail(`is no text, but a value of type ${typeof value}.`);
}
