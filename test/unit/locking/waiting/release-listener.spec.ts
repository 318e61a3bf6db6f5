import type { LockNode, NodeStatusChange, ReleaseHandler } from '../../../../lib/ports/lock-node.interface';
import { Comebacks } from '../../../../lib/locking/waiting/comebacks';
import { ReleaseListener, type ReleaseHint } from '../../../../lib/locking/waiting/release-listener';

const NOW = { isNow: true, leaderFirst: false };
const SOON = { isNow: false, leaderFirst: false };
const LEADER_FIRST = { isNow: true, leaderFirst: true };

/** A node that says what the test wants it to, when it wants. */
class TellingNode {
  isHeard = true;
  wake: ReleaseHandler = () => undefined;
  onStatusChange: (change: NodeStatusChange) => void = () => undefined;

  onReleased(_resource: string, wake: ReleaseHandler) {
    this.wake = wake;
    const isHeard = () => this.isHeard;
    return {
      get isHeard() {
        return isHeard();
      },
      stop: () => undefined,
    };
  }

  onStatus(listener: (change: NodeStatusChange) => void) {
    this.onStatusChange = listener;
    return () => undefined;
  }

  /** Its subscription is there from now on. */
  begin(): void {
    this.isHeard = true;
    this.wake();
  }
}

function listenTo(nodes: readonly TellingNode[], leader: TellingNode | null = nodes[0] ?? null) {
  const hints: ReleaseHint[] = [];
  const sources = { nodes: nodes as unknown as LockNode[] };
  const listener = new ReleaseListener({ ...sources, comebacks: new Comebacks(sources.nodes) }, ['order:7'], {
    leadingNode: (leader ?? undefined) as LockNode | undefined,
    onMaybeFree: (hint) => hints.push(hint),
  });
  return { listener, hints };
}

function threeNodes(): [TellingNode, TellingNode, TellingNode] {
  return [new TellingNode(), new TellingNode(), new TellingNode()];
}

function threeDeafNodes(): [TellingNode, TellingNode, TellingNode] {
  const nodes = threeNodes();
  for (const node of nodes) node.isHeard = false;
  return nodes;
}

describe('a waiter that listens to the nodes', () => {
  describe('alone', () => {
    it('goes on as soon as a majority has told, and not again when the last one tells', () => {
      const [a, b, c] = threeNodes();
      const { hints } = listenTo([a, b, c], b);

      a.wake('x', 1);
      c.wake('x', 1);
      expect(hints).toEqual([SOON, NOW]);

      a.wake('x', 1);
      expect(hints).toHaveLength(2);
    });

    it('goes on as soon as the leading node has told, and once more with a majority', () => {
      const [a, b, c] = threeNodes();
      const { hints } = listenTo([a, b, c], b);

      b.wake('x', 1);
      expect(hints).toEqual([NOW]);
      a.wake('x', 1);
      c.wake('x', 1);

      expect(hints).toEqual([NOW, SOON]);
    });

    it('asks once more when the release reaches the leading node last', () => {
      const [a, b, c] = threeNodes();
      const { hints } = listenTo([a, b, c], c);

      a.wake('x', 1);
      b.wake('x', 1);
      c.wake('x', 1);

      expect(hints).toEqual([SOON, NOW, SOON]);
    });
  });

  describe('with others', () => {
    it('goes to the leading node as soon as that one has told', () => {
      const [a, b, c] = threeNodes();
      const { hints } = listenTo([a, b, c], b);

      b.wake('x', 3);

      expect(hints).toEqual([LEADER_FIRST]);
    });

    it('does not hurry while the leading node has not told: some go there, and would meet those who do not', () => {
      const [a, b, c] = threeNodes();
      const { hints } = listenTo([a, b, c], b);

      a.wake('x', 3);
      c.wake('x', 3);
      expect(hints).toEqual([SOON, SOON]);

      b.wake('x', 3);
      expect(hints).toEqual([SOON, SOON, LEADER_FIRST]);
    });
  });

  describe('to releases one after another', () => {
    it('knows those that were told of, until some more have been', () => {
      const [a, b, c] = threeNodes();
      const { listener } = listenTo([a, b, c]);

      for (const token of ['v', 'w', 'x', 'y', 'z']) a.wake(token, 3);

      expect(['u', 'v', 'w', 'z'].map((token) => listener.heardOf(token))).toEqual([
        false,
        false,
        true,
        true,
      ]);
    });

    it('still counts the votes of one that a slow node tells of later', () => {
      const [a, b, c] = threeNodes();
      const { hints } = listenTo([a, b, c], null);

      a.wake('x', 1);
      a.wake('y', 1);
      b.wake('x', 1);
      b.wake('y', 1);

      expect(hints).toEqual([SOON, SOON, NOW, NOW]);
    });

    it('does not move for one that is over, since somebody else has it', () => {
      const [a, b, c] = threeNodes();
      const { listener, hints } = listenTo([a, b, c]);
      b.wake('x', 3);
      expect(listener.passOver()).toBe(true);

      a.wake('x', 3);
      c.wake('x', 3);
      expect(hints).toEqual([SOON]);

      a.wake('y', 3);
      expect(hints).toEqual([SOON, LEADER_FIRST]);
    });
  });

  it('moves again for one that was over, when it is still in the way somewhere', () => {
    const [a, b, c] = threeNodes();
    const { listener, hints } = listenTo([a, b, c]);
    a.wake('x', 3);
    listener.passOver();

    listener.takeBack();
    b.wake('x', 3);

    expect(hints).toEqual([LEADER_FIRST, SOON]);
  });

  describe('whose subscriptions begin one by one', () => {
    it('asks again when a majority tells of releases, and not for each node', () => {
      const [a, b, c] = threeDeafNodes();
      const { listener, hints } = listenTo([a, b, c]);

      a.begin();
      expect([hints, listener.isReliable]).toEqual([[], false]);
      b.begin();
      expect([hints, listener.isReliable]).toEqual([[SOON], true]);
      c.begin();
      expect(hints).toEqual([SOON]);
    });

    it('asks again when a majority is there again', () => {
      const [a, b, c] = threeNodes();
      const { listener, hints } = listenTo([a, b, c]);
      a.isHeard = b.isHeard = false;
      expect(listener.isReliable).toBe(false);

      a.begin();

      expect(hints).toEqual([SOON]);
    });

    it('takes a word from a node that tells of releases for one, also without a token', () => {
      const [a, b, c] = threeNodes();
      const { hints } = listenTo([a, b, c]);

      c.wake();
      c.wake();

      expect(hints).toEqual([SOON, SOON]);
    });

    it('takes the word of a node that speaks while it is asked to', () => {
      const [a, b, c] = threeNodes();
      const onReleased = b.onReleased.bind(b);
      b.onReleased = (resource, wake) => {
        wake();
        return onReleased(resource, wake);
      };

      const { listener, hints } = listenTo([a, b, c]);

      expect([hints, listener.isReliable]).toEqual([[SOON], true]);
    });

    it('asks again when a node comes up', () => {
      const [a, b, c] = threeNodes();
      const { hints } = listenTo([a, b, c]);

      c.onStatusChange({ status: 'down' });
      expect(hints).toEqual([]);
      c.onStatusChange({ status: 'up' });

      expect(hints).toEqual([SOON]);
    });

    it('is not told of a node that comes up after it has stopped', () => {
      const [a, b, c] = threeNodes();
      const { listener, hints } = listenTo([a, b, c]);

      listener.stop();
      c.onStatusChange({ status: 'up' });

      expect(hints).toEqual([]);
    });
  });

  describe('for very many resources', () => {
    const MANY = 200;
    const resources = Array.from({ length: MANY }, (_, i) => `seat:${i}`);

    /** Nodes whose subscriptions count how often somebody looks at them. */
    function listenToMany() {
      const confirmed = [0, 0, 0];
      const wakes: ReleaseHandler[] = [];
      let looks = 0;
      const nodes = confirmed.map((_, position) => ({
        onReleased: (resource: string, wake: ReleaseHandler) => {
          wakes[position] = wake;
          return {
            get isHeard() {
              looks += 1;
              return resources.indexOf(resource) < (confirmed[position] as number);
            },
            stop: () => undefined,
          };
        },
        onStatus: () => () => undefined,
      })) as unknown as LockNode[];
      const hints: ReleaseHint[] = [];
      const listener = new ReleaseListener({ nodes, comebacks: new Comebacks(nodes) }, resources, {
        leadingNode: undefined,
        onMaybeFree: (hint) => hints.push(hint),
      });
      const confirm = (position: number, upTo: number) => {
        confirmed[position] = upTo;
        wakes[position]?.(undefined);
      };
      return { listener, hints, confirm, looks: () => looks };
    }

    it('looks at each subscription a few times, and not at all of them whenever one is confirmed', () => {
      const { listener, confirm, looks } = listenToMany();

      for (let upTo = 1; upTo <= MANY; upTo++) for (const position of [0, 1, 2]) confirm(position, upTo);

      expect(looks()).toBeLessThan(4 * 3 * MANY);
      expect(listener.isReliable).toBe(true);
    });

    it('looks at each subscription a few times if all of them count from one moment on', () => {
      const { listener, confirm, looks } = listenToMany();

      for (let call = 0; call < MANY; call++) for (const position of [0, 1, 2]) confirm(position, MANY);

      expect(looks()).toBeLessThan(4 * 3 * MANY);
      expect(listener.isReliable).toBe(true);
    });

    it('is not reliable while a majority would miss the release of one of them, whichever that is', () => {
      const { listener, hints, confirm } = listenToMany();
      for (const position of [0, 1]) confirm(position, MANY - 1);
      expect(listener.isReliable).toBe(false);

      confirm(0, MANY);
      expect(listener.isReliable).toBe(false);
      hints.length = 0;
      confirm(1, MANY);
      expect([hints, listener.isReliable]).toEqual([[SOON], true]);

      confirm(1, 3);
      expect(listener.isReliable).toBe(false);
    });
  });

  describe('while it asks the nodes', () => {
    it('remembers that it may have missed something since it began to', () => {
      const [a, b, c] = threeNodes();
      const { listener } = listenTo([a, b, c]);
      c.wake();
      listener.expectAttempt();
      expect(listener.passOver()).toBe(true);

      listener.expectAttempt();
      c.wake();

      expect(listener.passOver()).toBe(false);
    });
  });
});
