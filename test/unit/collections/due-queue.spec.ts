import { DueQueue, type Due } from '../../../lib/collections/due-queue';

const member = (): Due => ({ queuePosition: -1 });

describe('DueQueue', () => {
  it('has the earliest member first', () => {
    const queue = new DueQueue<Due>();
    const [a, b, c] = [member(), member(), member()];

    queue.put(a, 30);
    queue.put(b, 10);
    queue.put(c, 20);

    expect(queue.first).toBe(b);
    expect(queue.size).toBe(3);
  });

  it('moves a member that is put again, and keeps it once', () => {
    const queue = new DueQueue<Due>();
    const [a, b] = [member(), member()];
    queue.put(a, 10);
    queue.put(b, 20);

    queue.put(a, 30);

    expect(queue.first).toBe(b);
    expect(queue.all()).toHaveLength(2);
  });

  it('forgets a member that is removed, and lets it come back', () => {
    const queue = new DueQueue<Due>();
    const a = member();
    queue.put(a, 10);

    queue.remove(a);
    expect(queue.first).toBeUndefined();
    queue.put(a, 5);

    expect(queue.first).toBe(a);
  });

  it('bears the removal of a member that it does not have', () => {
    const queue = new DueQueue<Due>();
    const a = member();
    queue.put(a, 10);

    queue.remove(member());

    expect(queue.all()).toEqual([a]);
  });
});
