import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkRedlockOptions } from '../../../lib/service/check-redlock-options';
import { FenceException } from '../../../lib/fencing/fence.exception';
import { DEFAULT_ANSWERS } from '../../../lib/nest/filters/lock-answers';
import { completeLockOptions } from '../../../lib/locking/api/complete-lock-options';
import { LONGEST_RESOURCE, MOST_RESOURCES } from '../../../lib/locking/api/check-resources';
import { LOCK_OPTIONS } from '../../../lib/locking/api/lock-option-rules';

const read = (path: string) => readFileSync(join(__dirname, '..', '..', '..', path), 'utf8');

/** The cells of the row of a table that begins with this name. */
function row(document: string, name: string): string[] {
  const [line = ''] = read(document)
    .split('\n')
    .filter((one) => one.startsWith(`| \`${name}\``));
  return line.split(/(?<!\\)\|/).map((cell) => cell.trim());
}

const valueOf = (name: string) => (row('README.md', name)[2] ?? '').replaceAll(/[`'\s]/g, '');

describe('the numbers of the documents', () => {
  const settings = checkRedlockOptions({ nodes: [] });
  const lock = completeLockOptions(undefined, {}, settings.limits);

  it.each([
    ['keyPrefix', settings.keyPrefix],
    ['nodeTimeout', settings.limits.nodeTimeoutMs],
    ['maxTtl', settings.limits.maxTtlMs],
    ['restartGuard', settings.restartGuard],
    ['fencingTtl', `${settings.fencing.keepMs / 3_600_000}hours`],
    ['shutdownTimeout', settings.shutdownTimeoutMs],
    ['ttl', lock.ttlMs],
    ['wait', lock.waitMs],
    ['maxWaiting', lock.maxWaiting],
    ['autoExtend', lock.autoExtend],
    ['maxHold', lock.maxHoldMs],
    ['holdAtLeast', lock.holdAtLeastMs],
    ['fencing', lock.fencing],
  ])('are the defaults: %s', (name, value) => {
    expect(valueOf(name)).toBe(String(value));
  });

  it.each(LOCK_OPTIONS)('have a row in README for every lock option: %s', (name) => {
    expect(row('README.md', name)).not.toEqual(['']);
  });

  it('are the statuses of lock errors, in the order in which README names them', () => {
    const { busy, limit, unavailable, invalid, failed } = DEFAULT_ANSWERS;
    const statuses = [busy, limit, unavailable, invalid, failed].map(({ statusCode }) => statusCode);

    expect(valueOf('answers')).toBe(statuses.join(','));
  });

  it.each([
    'FENCE_STALE',
    'FENCE_MISSING',
    'FENCE_INVALID',
    'FENCE_AHEAD',
    'FENCE_RESOURCE_INVALID',
    'FENCE_STORE_FULL',
  ] as const)('are the statuses of fences: %s', (code) => {
    expect(read('docs/FENCING.md')).toContain(`| ${new FenceException(code).getStatus()} | \`${code}\` |`);
  });

  it('are the limits of what one lock may name', () => {
    const shown = (value: number) => value.toLocaleString('en-US');

    expect(read('README.md')).toContain(
      `at most ${shown(MOST_RESOURCES)} different resources, and a resource at most ${shown(LONGEST_RESOURCE)} characters`,
    );
  });
});
