import { LeaderTime } from '../../../lib/core/leader-time';
import type { LockNode } from '../../../lib/ports/lock-node.interface';
import { VirtualClock } from '../../helpers/virtual-clock';

const LEADER = { name: 'a' } as LockNode;
const OTHER = { name: 'b' } as LockNode;
const AHEAD_MICROS = 5_000_000_000;

/** The clock of the leading node is ahead of ours by so much. `tookMs`: the way of the question to the node. */
function setUp() {
  const clock = new VirtualClock();
  const time = new LeaderTime({ clock, nodeTimeoutMs: 500 });
  const leaderMicros = () => clock.now() * 1_000 + AHEAD_MICROS;
  const deny = (tookMs: number, resource = 'api', node = LEADER) => {
    const askedAtMs = clock.now();
    clock.stall(tookMs);
    time.heard(node, leaderMicros(), askedAtMs, [resource]);
  };
  const late = (resource = 'api', leader = LEADER) => {
    const ticket = time.ifContended(leader, [resource]);
    return ticket === undefined ? undefined : ticket - leaderMicros();
  };
  return { clock, time, deny, late };
}

describe('the time of the leading node', () => {
  it('is not known before it has denied anything', () => {
    expect(setUp().late()).toBeUndefined();
  });

  it('is told only for what the node denied', () => {
    const { deny, late } = setUp();

    deny(2);

    expect(late('api')).toBeDefined();
    expect(late('other')).toBeUndefined();
  });

  it('is never too early, and late by as much as the quickest question took', () => {
    const { deny, late } = setUp();

    deny(7);
    expect(late()).toBe(7_000);
    deny(2);
    expect(late()).toBe(2_000);
    deny(30);

    expect(late()).toBe(2_000);
  });

  it('is not that of another node', () => {
    const { deny, late } = setUp();

    deny(2);
    expect(late('api', OTHER)).toBeUndefined();
    deny(2, 'api', OTHER);

    expect(late('api', OTHER)).toBeDefined();
    expect(late('api', LEADER)).toBeUndefined();
  });

  it('is forgotten after ten seconds without a denial', () => {
    const { clock, deny, late } = setUp();
    deny(2);

    clock.stall(9_000);
    expect(late()).toBeDefined();
    clock.stall(2_000);

    expect(late()).toBeUndefined();
  });

  it('follows a clock that was set forward', () => {
    const { clock, time, deny, late } = setUp();
    deny(2);

    time.heard(LEADER, clock.now() * 1_000 + AHEAD_MICROS + 60_000_000, clock.now(), ['api']);

    expect(late()).toBe(60_000_000);
  });

  it('is measured anew after ten seconds, since clocks drift', () => {
    const { clock, deny, late } = setUp();
    deny(2);
    clock.stall(9_000);
    deny(30);
    expect(late()).toBe(2_000);
    clock.stall(2_000);

    deny(30);

    expect(late()).toBe(30_000);
  });

  it('remembers few resources, and those that were denied last', () => {
    const { deny, late } = setUp();

    for (let i = 0; i < 40; i++) deny(1, `api-${i}`);

    expect(late('api-0')).toBeUndefined();
    expect(late('api-39')).toBeDefined();
  });

  it('is not forgotten for a resource that is denied again and again', () => {
    const { deny, late } = setUp();

    for (let i = 0; i < 40; i++) {
      deny(1, 'hot');
      deny(1, `api-${i}`);
      expect(late('hot')).toBeDefined();
    }
  });
});
