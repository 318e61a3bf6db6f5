import { LockOptionsError } from '../errors/lock-options.error';
import { isText } from '../locking/api/check-resources';
import { readOptions } from '../errors/read-options';
import type {
  RedlockBoardAsyncOptions,
  RedlockBoardExtras,
  RedlockBoardSettings,
} from './redlock-board-options.interface';

export interface CheckedBoardSettings extends Required<Omit<RedlockBoardSettings, 'authorize'>> {
  readonly authorize: RedlockBoardSettings['authorize'];
}

const KNOWN = Object.keys({
  ...{ authorize: true, allowUnauthenticated: true, allowRelease: true },
  ...{ interval: true, limit: true, title: true },
} satisfies Record<keyof RedlockBoardSettings, true>);

const LONGEST_TITLE = 100;

const OF_ASYNC = Object.keys({
  ...{ path: true, connection: true, useFactory: true },
  ...{ inject: true, imports: true, extraProviders: true },
} satisfies Record<keyof RedlockBoardAsyncOptions, true>);

/** @throws LockOptionsError with the option's name */
export function checkBoardAsyncOptions(given: RedlockBoardAsyncOptions): RedlockBoardAsyncOptions {
  const options = readOptions<RedlockBoardAsyncOptions>(given, OF_ASYNC, {
    name: 'options',
    what: ', such as { useFactory: () => ({ authorize }) }',
    each: 'an option of forRootAsync: what belongs to the board is returned by useFactory',
  });
  if (typeof (options.useFactory as unknown) !== 'function')
    throw new LockOptionsError('useFactory', 'must be a function that returns the options.');
  for (const list of ['inject', 'imports', 'extraProviders'] as const) {
    if (options[list] !== undefined && !Array.isArray(options[list]))
      throw new LockOptionsError(list, 'must be an array, or be left out.');
  }
  return options;
}

/**
 * What the factory of `forRootAsync` returned: `path` and `connection` in it would come too late.
 *
 * @throws LockOptionsError with the option's name
 */
export function checkBoardFactory(given: unknown): CheckedBoardSettings {
  for (const extra of ['path', 'connection'] as const) {
    if ((given as RedlockBoardExtras | null | undefined)?.[extra] === undefined) continue;
    throw new LockOptionsError(
      extra,
      `must be given beside useFactory, as in forRootAsync({ ${extra}, useFactory }).`,
    );
  }
  return checkBoardSettings(given);
}

/** @throws LockOptionsError with the option's name */
export function checkBoardSettings(given: unknown): CheckedBoardSettings {
  const { authorize, allowUnauthenticated, allowRelease, interval, limit, title } = readOptions(
    given,
    KNOWN,
    {
      name: 'options',
      what: ' of the board',
      each: 'an option of the board',
    },
  );
  if (authorize !== undefined && typeof authorize !== 'function') {
    throw new LockOptionsError(
      'authorize',
      'must be a function of the request, which returns true for those who may see it.',
    );
  }
  const isOpen = flag('allowUnauthenticated', allowUnauthenticated);
  if (authorize === undefined && !isOpen) {
    throw new LockOptionsError(
      'authorize',
      'is missing: the board shows who locks what. Say who may see it, or that all may, with allowUnauthenticated: true.',
    );
  }
  if (authorize !== undefined && isOpen) {
    throw new LockOptionsError('allowUnauthenticated', 'contradicts authorize. Give one of them.');
  }
  if (title !== undefined && (!isText(title) || title === '' || title.length > LONGEST_TITLE)) {
    throw new LockOptionsError('title', `must be text of 1 to ${LONGEST_TITLE} characters.`);
  }
  return {
    authorize: authorize as RedlockBoardSettings['authorize'],
    allowUnauthenticated: isOpen,
    allowRelease: flag('allowRelease', allowRelease),
    interval: whole('interval', interval, { otherwise: 1_000, least: 250, most: 60_000 }),
    limit: whole('limit', limit, { otherwise: 5_000, least: 1, most: 10_000 }),
    title: title ?? 'Locks',
  };
}

/** The path without slashes around it. @throws LockOptionsError */
export function checkBoardPath(given: unknown): string {
  const path = typeof given === 'string' ? given.replace(/^\/+|\/+$/g, '') : '';
  if (/^[\w.~-]+(\/[\w.~-]+)*$/.test(path)) return path;
  throw new LockOptionsError(
    'path',
    "must be an address of letters, digits, '-', '_', '.', '~' and '/', without parameters, such as 'locks'.",
  );
}

function flag(name: string, value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value === true;
  throw new LockOptionsError(name, 'must be true or false.');
}

function whole(
  name: string,
  value: unknown,
  { otherwise, least, most }: { otherwise: number; least: number; most: number },
): number {
  if (value === undefined) return otherwise;
  if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) return Number(value);
  throw new LockOptionsError(name, `must be a whole number from ${least} to ${most}.`);
}
