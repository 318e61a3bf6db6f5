import type { ReleaseRequest, ReleaseVote } from '../../../../lib/ports/lock-node.interface';
import { MOST_IN_BATCH } from '../../../../lib/redis/request/command-batch';
import { ReleaseBacklog } from '../../../../lib/redis/request/release-backlog';
import { VirtualClock } from '../../../helpers/virtual-clock';

const GRANTED: ReleaseVote = { kind: 'granted' };
const REFUSED: ReleaseVote = { kind: 'failed', error: new Error('MISCONF') };

function request(ownerToken: string, ttlMs = 10_000, keepMs?: number): ReleaseRequest {
  return { resources: ['a'], ownerToken, ttlMs, keepMs, wakeWaiters: false };
}

/** A backlog of a node that is up or not, and what was sent from it. */
class Rig {
  readonly clock = new VirtualClock();
  readonly sent: ReleaseRequest[] = [];
  isUp = false;
  answer: (request: ReleaseRequest) => ReleaseVote = () => GRANTED;
  readonly backlog: ReleaseBacklog;

  constructor(mostKept?: number) {
    const way = {
      isUp: () => this.isUp,
      send: (sent: ReleaseRequest, vote: (vote: ReleaseVote) => void) => {
        this.sent.push(sent);
        const answer = this.answer(sent);
        // As the node does.
        if (answer.kind === 'failed') this.backlog.add(sent);
        vote(answer);
      },
    };
    this.backlog = new ReleaseBacklog(this.clock, way, mostKept);
  }

  get owners(): string[] {
    return this.sent.map(({ ownerToken }) => ownerToken);
  }

  comeUp(): void {
    this.isUp = true;
    this.backlog.sendAll();
  }
}

describe('ReleaseBacklog', () => {
  it('sends each release once when the node comes up, in order', () => {
    const rig = new Rig();
    rig.backlog.add(request('anna'));
    rig.backlog.add(request('ben'));

    rig.comeUp();
    rig.comeUp();

    expect(rig.owners).toEqual(['anna', 'ben']);
  });

  it('forgets a release when what it should remove has expired', async () => {
    const rig = new Rig();
    rig.backlog.add(request('anna', 1_000));
    rig.backlog.add(request('eva', 1_000, 60_000));
    rig.backlog.add(request('ben', 2_000));

    await rig.clock.advance(1_000);
    rig.comeUp();

    expect(rig.sent).toEqual([request('ben', 1_000)]);
  });

  it('keeps a resource no longer than it was asked to', async () => {
    const rig = new Rig();
    rig.backlog.add(request('anna', 10_000, 5_000));
    rig.backlog.add(request('ben', 10_000, 1_000));

    await rig.clock.advance(3_000);
    rig.comeUp();

    expect(rig.sent.map(({ keepMs }) => keepMs)).toEqual([2_000, undefined]);
  });

  it('has a bound, within which the oldest that are still of use stay', async () => {
    const rig = new Rig(2);
    rig.backlog.add(request('anna', 1_000));
    rig.backlog.add(request('ben'));
    rig.backlog.add(request('eva'));
    await rig.clock.advance(1_000);
    rig.backlog.add(request('ida'));

    rig.comeUp();

    expect(rig.owners).toEqual(['ben', 'ida']);
  });

  it('asks a node that is up again and again, less and less often, until the ttl is over', async () => {
    const rig = new Rig();
    rig.comeUp();
    rig.answer = () => REFUSED;
    const sentAtMs: number[] = [];
    const startedAtMs = rig.clock.now();

    rig.backlog.add(request('anna', 4_000));
    for (let ms = 0; ms < 10_000; ms += 50) {
      await rig.clock.advance(50);
      if (rig.sent.length > sentAtMs.length) sentAtMs.push(rig.clock.now() - startedAtMs);
    }

    expect(sentAtMs).toEqual([100, 300, 700, 1_500, 2_500, 3_500]);
  });

  it('asks soon again after it has got through once', async () => {
    const rig = new Rig();
    rig.comeUp();
    rig.answer = () => REFUSED;
    rig.backlog.add(request('anna'));
    await rig.clock.advance(2_000);
    rig.answer = () => GRANTED;
    await rig.clock.advance(1_000);
    rig.sent.length = 0;

    rig.backlog.add(request('ben'));
    await rig.clock.advance(100);

    expect(rig.owners).toEqual(['ben']);
  });

  it('asks for as many as fit into a command while the node refuses, and for all of them when it does not', async () => {
    const rig = new Rig();
    rig.comeUp();
    rig.answer = () => REFUSED;
    for (let i = 0; i < 3 * MOST_IN_BATCH; i++) rig.backlog.add(request(`owner ${i}`));

    await rig.clock.advance(100);
    const first = rig.sent.splice(0);
    await rig.clock.advance(200);
    const second = rig.sent.splice(0);
    rig.answer = () => GRANTED;
    await rig.clock.advance(400);

    expect(first).toHaveLength(MOST_IN_BATCH);
    expect(second.map(({ ownerToken }) => ownerToken)).toContain(`owner ${MOST_IN_BATCH}`);
    expect(rig.sent).toHaveLength(3 * MOST_IN_BATCH);
  });

  it('leaves a node alone that is down, and that is closed', async () => {
    const rig = new Rig();
    rig.backlog.add(request('anna'));
    await rig.clock.advance(5_000);
    const whileDown = rig.sent.length;
    rig.isUp = true;
    rig.backlog.add(request('ben'));

    rig.backlog.clear();
    await rig.clock.advance(5_000);

    expect([whileDown, rig.sent.length]).toEqual([0, 0]);
  });
});
