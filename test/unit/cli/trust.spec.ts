import type { NodeFacts } from '../../../lib/cli/doctor/node-facts';
import { lookUntilTrusted, trustedInMs } from '../../../lib/cli/doctor/trust';
import { VirtualClock } from '../../helpers/virtual-clock';
import { watch } from '../../helpers/watch';

const MAX_TTL_MS = 60_000;

const node = (...uptimes: (string | undefined)[]): NodeFacts => ({
  ...{ node: 'a', isCluster: false, refusals: [] },
  servers: uptimes.map((uptime) => ({ server: 'a', database: 0, info: { uptime_in_seconds: uptime } })),
});

describe('how long it takes until all nodes are trusted', () => {
  it('is nothing when all have run for the largest ttl, by whole seconds', () => {
    expect(trustedInMs([node('61'), node('3600')], MAX_TTL_MS)).toBe(0);
    expect(trustedInMs([], MAX_TTL_MS)).toBe(0);
  });

  it('is what the youngest needs, of a cluster too', () => {
    expect(trustedInMs([node('61'), node('3600', '20')], MAX_TTL_MS)).toBe(41_000);
    expect(trustedInMs([node('60')], MAX_TTL_MS)).toBe(1_000);
  });

  it('is not known of one that does not answer, or does not tell', () => {
    expect(trustedInMs([node('61'), { ...node(), error: 'gone' }], MAX_TTL_MS)).toBe(Infinity);
    expect(trustedInMs([node(undefined)], MAX_TTL_MS)).toBe(Infinity);
    expect(trustedInMs([node('soon')], MAX_TTL_MS)).toBe(Infinity);
  });
});

it('looks once more, and no longer than it was told to', async () => {
  const seen = [[node('1')], [node('61')]];
  const look = () => Promise.resolve(seen.shift() ?? [node('0')]);

  const clock = new VirtualClock();
  const trusted = watch(lookUntilTrusted(look, MAX_TTL_MS, 10_000, clock));
  await clock.advance(1_999);
  expect(trusted.state).toBe('pending');
  await clock.advance(1);
  expect(trusted.value).toEqual([node('61')]);

  const untrusted = watch(lookUntilTrusted(look, MAX_TTL_MS, 3_000, clock));
  await clock.advance(2_999);
  expect(untrusted.state).toBe('pending');
  await clock.advance(1);
  expect(untrusted.value).toEqual([node('0')]);
});
