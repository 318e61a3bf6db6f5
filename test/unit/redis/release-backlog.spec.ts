import { ReleaseBacklog } from '../../../lib/redis/release-backlog';
import { VirtualClock } from '../../helpers/virtual-clock';

function request(ownerToken: string, ttlMs = 10_000, keepMs?: number) {
  return { resources: ['a'], ownerToken, ttlMs, keepMs, wakeWaiters: false };
}

describe('ReleaseBacklog', () => {
  it('hands over each release once, in order', () => {
    const backlog = new ReleaseBacklog(new VirtualClock());
    backlog.add(request('anna'));
    backlog.add(request('ben'));

    expect(backlog.takeAll().map(({ ownerToken }) => ownerToken)).toEqual(['anna', 'ben']);
    expect(backlog.takeAll()).toEqual([]);
  });

  it('forgets a release when what it should remove has expired', async () => {
    const clock = new VirtualClock();
    const backlog = new ReleaseBacklog(clock);
    backlog.add(request('anna', 1_000));
    backlog.add(request('ben', 2_000));

    await clock.advance(1_000);

    expect(backlog.takeAll()).toEqual([request('ben', 1_000)]);
  });

  it('keeps a resource no longer than it was asked to', async () => {
    const clock = new VirtualClock();
    const backlog = new ReleaseBacklog(clock);
    backlog.add(request('anna', 10_000, 5_000));
    backlog.add(request('ben', 10_000, 1_000));

    await clock.advance(3_000);

    expect(backlog.takeAll().map(({ keepMs }) => keepMs)).toEqual([2_000, undefined]);
  });

  it('has a bound, within which the oldest that are still of use stay', async () => {
    const clock = new VirtualClock();
    const backlog = new ReleaseBacklog(clock, 2);
    backlog.add(request('anna', 1_000));
    backlog.add(request('ben'));
    backlog.add(request('eva'));
    await clock.advance(1_000);
    backlog.add(request('ida'));

    expect(backlog.takeAll().map(({ ownerToken }) => ownerToken)).toEqual(['ben', 'ida']);
  });
});
