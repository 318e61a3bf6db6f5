import fc from 'fast-check';
import { DueQueue, type Due } from '../../lib/collections/due-queue';

class Member implements Due {
  queuePosition = -1;
}

const step = fc.oneof(
  fc.record({ do: fc.constant('put' as const), who: fc.nat(14), atMs: fc.nat(20) }),
  fc.record({ do: fc.constant('remove' as const), who: fc.nat(14) }),
);

describe('DueQueue', () => {
  it('has the members of a sorted array, the earliest first, after any puts and removes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const queue = new DueQueue<Member>();
        const members = Array.from({ length: 15 }, () => new Member());
        const model = new Map<Member, number>();

        for (const one of steps) {
          const member = members[one.who] as Member;
          if (one.do === 'put') {
            queue.put(member, one.atMs);
            model.set(member, one.atMs);
          } else {
            queue.remove(member);
            model.delete(member);
          }

          expect(queue.size).toBe(model.size);
          expect(new Set(queue.all())).toEqual(new Set(model.keys()));
          expect(queue.firstDueAtMs).toBe(Math.min(Infinity, ...model.values()));
          expect(queue.first && model.get(queue.first)).toBe(
            model.size === 0 ? undefined : queue.firstDueAtMs,
          );
        }

        const drained: number[] = [];
        for (let first = queue.first; first !== undefined; first = queue.first) {
          drained.push(queue.firstDueAtMs);
          queue.remove(first);
        }
        expect(drained).toEqual([...model.values()].sort((a, b) => a - b));
      }),
    );
  });
});
