import fc from 'fast-check';
import type { PlaceInLine } from '../../lib/locking/waiting/place-in-line';
import { WaitingLine } from '../../lib/locking/waiting/waiting-line';

/** The line as it is defined: all callers in one list. First is who shares no resource with a caller before it. */
class Model {
  private readonly queue: { id: number; resources: readonly string[] }[] = [];

  join(id: number, resources: readonly string[]): void {
    this.queue.push({ id, resources });
  }

  leave(id: number): void {
    const position = this.queue.findIndex((waiter) => waiter.id === id);
    if (position >= 0) this.queue.splice(position, 1);
  }

  isFirst(id: number): boolean {
    const position = this.queue.findIndex((waiter) => waiter.id === id);
    const mine = new Set(this.queue[position]?.resources);
    return (
      position >= 0 &&
      this.queue
        .slice(0, position)
        .every(({ resources }) => !resources.some((resource) => mine.has(resource)))
    );
  }

  get isEmpty(): boolean {
    return this.queue.length === 0;
  }
}

const resources = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 3 });
const step = fc.oneof(
  fc.record({ do: fc.constant('join' as const), resources }),
  fc.record({ do: fc.constant('leave' as const), who: fc.nat(40) }),
);

describe('WaitingLine', () => {
  it('serves whom a plain list would serve, after any joins and leaves', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const line = new WaitingLine();
        const model = new Model();
        const places: PlaceInLine<unknown>[] = [];
        const called: number[] = [];
        const firstAtOnce: number[] = [];

        for (const one of steps) {
          if (one.do === 'join') {
            const id = places.length;
            places.push(
              line.join(one.resources, {
                ttlMs: 1,
                fencing: false,
                autoExtend: true,
                onFirst: () => called.push(id),
              }),
            );
            model.join(id, one.resources);
            if (model.isFirst(id)) firstAtOnce.push(id);
          } else if (places.length > 0) {
            const id = one.who % places.length;
            places[id]?.leave();
            model.leave(id);
          }
          places.forEach((place, id) => {
            expect(place.isFirst).toBe(model.isFirst(id));
            // Whoever is first was called, once, unless he was first from the beginning.
            if (place.isFirst) expect(called.includes(id) || firstAtOnce.includes(id)).toBe(true);
          });
          expect(line.isEmpty).toBe(model.isEmpty);
        }

        expect(new Set(called).size).toBe(called.length);
      }),
    );
  });
});
