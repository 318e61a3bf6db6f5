import type { AcquireRequest, LockNode, NodeStatusChange } from '../../../lib/ports/lock-node.interface';
import { Refusals } from '../../../lib/core/refusals';
import { MemoryLockNode } from '../../../lib/memory/memory-lock-node';
import { VirtualClock } from '../../helpers/virtual-clock';

const FULL = Object.assign(new Error('OOM command not allowed'), { code: 'OOM' });
const BROKEN = Object.assign(new Error('the connection broke before the answer'), { code: 'DISCONNECTED' });
const ANSWERS = {
  granted: { kind: 'granted' },
  denied: { kind: 'denied' },
  failed: { kind: 'failed', error: FULL },
  broken: { kind: 'failed', error: BROKEN },
} as const;

/** A node that answers what it is told to, and who keeps the books about it. */
class Rig {
  readonly clock = new VirtualClock();
  readonly news: string[] = [];
  readonly asked: AcquireRequest[] = [];
  readonly released: string[] = [];
  answer: keyof typeof ANSWERS | 'silence' = 'granted';
  releaseAnswer: 'granted' | 'failed' | 'silence' = 'granted';
  status = 'up';
  readonly node: LockNode;
  readonly refusals: Refusals;
  /** Gives the answer that the node owes. */
  answerLate: (vote: unknown) => void = () => undefined;
  private listener: (change: NodeStatusChange) => void = () => undefined;

  constructor() {
    this.node = {
      name: 'a',
      acquire: (request: AcquireRequest, vote: (vote: unknown) => void) => {
        this.asked.push(request);
        if (this.answer === 'silence') this.answerLate = vote;
        else vote(ANSWERS[this.answer]);
      },
      release: ({ ownerToken }: AcquireRequest, vote: (vote: unknown) => void) => {
        this.released.push(ownerToken);
        if (this.releaseAnswer !== 'silence') vote(ANSWERS[this.releaseAnswer]);
      },
      onStatus: (listener: (change: NodeStatusChange) => void) => {
        this.listener = listener;
        return () => undefined;
      },
    } as unknown as LockNode;
    Object.defineProperty(this.node, 'status', { get: () => this.status });
    let tokens = 0;
    this.refusals = new Refusals({
      nodes: [this.node],
      clock: this.clock,
      nodeTimeoutMs: 500,
      newOwnerToken: () => `token ${(tokens += 1)}`,
      onChange: (_node, error) => this.news.push(error?.message ?? 'grants'),
    });
  }

  become(status: 'up' | 'down'): void {
    this.status = status;
    this.listener({ status });
  }

  suspect(error: Error = FULL): void {
    this.refusals.suspect(this.node, ['order:7'], { kind: 'failed', error });
  }
}

describe('a node that refused a caller', () => {
  it('refuses, if it refuses a trial of the same resource too', () => {
    const rig = new Rig();
    rig.answer = 'failed';

    rig.suspect();

    expect(rig.asked).toMatchObject([{ resources: ['order:7'], ttlMs: 500 }]);
    expect(rig.refusals.errorFor(rig.node)).toBe(FULL);
    expect(rig.news).toEqual([FULL.message]);
  });

  it.each(['granted', 'denied'] as const)('does not, if the trial is %s', (answer) => {
    const rig = new Rig();
    rig.answer = answer;

    rig.suspect();

    expect(rig.refusals.errorFor(rig.node)).toBeUndefined();
    expect(rig.news).toEqual([]);
  });

  it('refuses, if it granted the trial and refuses to release it', async () => {
    const rig = new Rig();
    rig.releaseAnswer = 'failed';

    rig.suspect();
    await rig.clock.advance(2_500);
    const meanwhile = [...rig.news];
    rig.releaseAnswer = 'granted';
    await rig.clock.advance(1_000);

    expect(meanwhile).toEqual([FULL.message]);
    expect(rig.news).toEqual([FULL.message, 'grants']);
  });

  it('does not, if it granted the trial and says nothing of its release', async () => {
    const rig = new Rig();
    rig.releaseAnswer = 'silence';

    rig.suspect();
    await rig.clock.advance(500);

    expect(rig.refusals.errorFor(rig.node)).toBeUndefined();
    expect(rig.news).toEqual([]);
  });

  it.each([50, 500, 10_000])(
    'goes on refusing if it does not release trials, which must not deny each other (node timeout: %i ms)',
    async (nodeTimeoutMs) => {
      const clock = new VirtualClock();
      const node = new MemoryLockNode({ clock });
      node.release = (_request, vote) => {
        vote(ANSWERS.failed);
      };
      const news: (string | undefined)[] = [];
      let trials = 0;
      const refusals = new Refusals({
        nodes: [node],
        clock,
        nodeTimeoutMs,
        newOwnerToken: () => `token ${(trials += 1)}`,
        onChange: (_node, error) => news.push(error?.message),
      });

      refusals.suspect(node, ['order:7'], { kind: 'failed', error: FULL });
      await clock.advance(3_500);

      expect([trials, news]).toEqual([4, [FULL.message]]);
    },
  );

  it('is tried no more often after an answer that came too late', async () => {
    const rig = new Rig();
    rig.answer = 'failed';
    rig.suspect();
    rig.answer = 'silence';
    await rig.clock.advance(1_700);
    const before = rig.asked.length;

    rig.answer = 'failed';
    rig.answerLate(ANSWERS.failed);
    await rig.clock.advance(5_000);

    expect([before, rig.asked.length]).toEqual([2, 7]);
    expect(rig.news).toEqual([FULL.message]);
  });

  it('keeps nothing of a trial that it granted, or may have', () => {
    const rig = new Rig();
    for (const answer of ['granted', 'denied', 'failed'] as const) {
      rig.answer = answer;
      rig.suspect();
    }

    expect(rig.released).toEqual(['token 1', 'token 3']);
  });

  it('is tried every second until it grants, whoever else asks it', async () => {
    const rig = new Rig();
    rig.answer = 'failed';
    rig.suspect();
    await rig.clock.advance(2_500);
    rig.suspect();
    const tries = rig.asked.length;

    rig.answer = 'granted';
    await rig.clock.advance(1_000);
    const afterwards = rig.refusals.errorFor(rig.node);
    await rig.clock.advance(10_000);

    expect([tries, rig.asked.length]).toEqual([3, 4]);
    expect(afterwards).toBeUndefined();
    expect(rig.news).toEqual([FULL.message, 'grants']);
  });

  it('is not known to, if it does not answer; and goes on refusing, if it did before', async () => {
    const rig = new Rig();
    rig.answer = 'silence';
    rig.suspect();
    await rig.clock.advance(500);
    const atFirst = rig.refusals.errorFor(rig.node);

    rig.answer = 'failed';
    rig.suspect();
    rig.answer = 'silence';
    await rig.clock.advance(5_000);

    expect(atFirst).toBeUndefined();
    expect(rig.refusals.errorFor(rig.node)).toBe(FULL);
  });

  it('is down rather than refusing, once it is down', () => {
    const rig = new Rig();
    rig.answer = 'failed';
    rig.suspect();

    rig.become('down');
    rig.suspect();

    expect(rig.refusals.errorFor(rig.node)).toBeUndefined();
    expect(rig.asked).toHaveLength(1);
    expect(rig.news).toEqual([FULL.message, 'grants']);
  });

  it('is not tried for an error that no server gave', () => {
    const rig = new Rig();

    rig.suspect(new Error('no answer within 500 ms'));

    expect(rig.asked).toEqual([]);
  });

  it.each(['DISCONNECTED', 'NOT_CONNECTED', 'STALLED', 'CLOSED', 'OVERLOADED'])(
    'is not tried for what the client says by itself: %s',
    (code) => {
      const rig = new Rig();

      rig.suspect(Object.assign(new Error('the client has no answer'), { code }));

      expect(rig.asked).toEqual([]);
    },
  );

  it('is not known to by a trial whose connection breaks; and goes on refusing, if it did before', async () => {
    const rig = new Rig();
    rig.answer = 'broken';
    rig.suspect();
    const atFirst = rig.refusals.errorFor(rig.node);

    rig.answer = 'failed';
    rig.suspect();
    rig.answer = 'broken';
    await rig.clock.advance(2_500);

    expect(atFirst).toBeUndefined();
    expect(rig.refusals.errorFor(rig.node)).toBe(FULL);
    expect(rig.news).toEqual([FULL.message]);
  });

  it('is not tried after the end', async () => {
    const rig = new Rig();
    rig.answer = 'failed';
    rig.suspect();

    rig.refusals.stop();
    rig.suspect();
    await rig.clock.advance(10_000);

    expect(rig.asked).toHaveLength(1);
  });
});

describe('a look at all nodes', () => {
  it('tries a resource of its own, and tells when all have answered', async () => {
    const rig = new Rig();
    rig.answer = 'failed';

    await rig.refusals.look('health');

    expect(rig.asked).toMatchObject([{ resources: ['health:token 1'] }]);
    expect(rig.refusals.errorFor(rig.node)).toBe(FULL);
  });

  it('waits for a node that is silent no longer than for a vote', async () => {
    const rig = new Rig();
    rig.answer = 'silence';

    const look = rig.refusals.look('health');
    await rig.clock.advance(500);

    await expect(look).resolves.toBeUndefined();
  });

  it('leaves out those that are down', async () => {
    const rig = new Rig();
    rig.become('down');

    await rig.refusals.look('health');

    expect(rig.asked).toEqual([]);
  });
});
