import { LockService } from '../../../lib';
import { HandlerWork } from '../../../lib/calls/handler-work';
import { deferred } from '../../helpers/deferred';
import { watch } from '../../helpers/watch';

describe('the work of a handler', () => {
  const handler = () => undefined;
  Reflect.defineMetadata('graphql:resolver_type', 'Subscription', handler);
  let work: HandlerWork;

  beforeEach(() => {
    work = new HandlerWork(handler, 'stop', undefined);
  });

  async function* count(finished = () => undefined as unknown) {
    try {
      yield await Promise.resolve(1);
      yield 2;
    } finally {
      finished();
    }
  }
  const isOver = async () => {
    const over = work.over;
    if (over === undefined) return true;
    return Promise.race([over.then(() => true), new Promise((resolve) => setImmediate(resolve, false))]);
  };

  it.each([
    ['it', () => count()],
    ['a promise of it', () => Promise.resolve(count())],
  ])('is over with the async iterator that a subscription reads from: %s', async (_what, call) => {
    const iterator = (await work.run(handler, call)) as AsyncGenerator<number>;
    await expect(isOver()).resolves.toBe(false);

    const seen = [];
    for await (const value of iterator) seen.push(value);

    expect(seen).toEqual([1, 2]);
    await expect(isOver()).resolves.toBe(true);
  });

  it('is over when that is returned early', async () => {
    const finished = jest.fn();
    const iterator = work.run(handler, () => count(finished)) as AsyncGenerator<number>;
    await iterator.next();

    await iterator.return(undefined);

    expect(finished).toHaveBeenCalledTimes(1);
    await expect(isOver()).resolves.toBe(true);
  });

  it('is over when that is returned early and does not say that it is done', async () => {
    const source = Object.assign(count(), { return: () => Promise.resolve(undefined) });
    const iterator = work.run(handler, () => source) as AsyncGenerator<number>;

    await iterator.return(undefined);

    await expect(isOver()).resolves.toBe(true);
  });

  it('is over when that fails', async () => {
    const iterator = work.run(handler, () => count()) as AsyncGenerator<number>;
    await iterator.next();

    await expect(iterator.throw(new Error('mine'))).rejects.toThrow('mine');

    await expect(isOver()).resolves.toBe(true);
  });

  describe('whose result nobody gets', () => {
    it('closes an iterator that has come already', async () => {
      const source = count();
      const close = jest.spyOn(source, 'return');
      work.run(handler, () => source);

      work.fail();

      await expect(isOver()).resolves.toBe(true);
      expect(close).toHaveBeenCalledTimes(1);
    });

    it('closes an iterator that comes later, also where another interceptor waits for it', async () => {
      const inner = new HandlerWork(handler, 'stop', work);
      const [gate, source] = [deferred(), count()];
      const close = jest.spyOn(source, 'return').mockRejectedValue(new Error('mine'));
      void inner.run(handler, () => gate.promise.then(() => source));

      inner.fail();
      await expect(isOver()).resolves.toBe(false);
      gate.resolve();

      const over = Promise.all([inner.over, work.over]);
      await over;
      expect(close).toHaveBeenCalledTimes(1);
    });

    it('closes the iterator of an interceptor further in', async () => {
      const inner = new HandlerWork(handler, 'stop', work);
      inner.run(handler, () => count());

      work.fail();

      await Promise.all([inner.over, work.over]);
    });
  });

  it('is not that of an iterator which nobody may read', () => {
    const plain = () => undefined;
    const other = new HandlerWork(plain, 'stop', undefined);

    other.run(plain, () => count());

    expect(other.over).toBeUndefined();
  });

  it('is over when all of it is, also what began while it was waited for', async () => {
    const [first, second] = [deferred(), deferred()];
    void work.run(handler, () => first.promise);
    const over = watch(work.over as Promise<unknown>);

    void work.run(handler, () => second.promise);
    first.resolve();
    await new Promise(setImmediate);
    expect(over.state).toBe('pending');
    second.resolve();
    await new Promise(setImmediate);

    expect(over.state).toBe('resolved');
  });

  it('begins once, where it begins with the question for its result', async () => {
    const then = jest.fn((resolve: (value: string) => void) => {
      resolve('rows');
    });

    await expect(work.run(handler, () => ({ then }))).resolves.toBe('rows');

    expect(then).toHaveBeenCalledTimes(1);
  });

  it('is none of the lock that was released, where its own code calls it again later', () => {
    work.run(handler, () => 'ran');
    expect(work.over).toBeUndefined();

    expect(work.run(handler, () => 'ran again')).toBe('ran again');
  });

  it('is none of the lock either that was released when it had ended', async () => {
    const first = deferred();
    void work.run(handler, () => first.promise);
    const over = work.over;
    first.resolve();
    await over;

    const again = Promise.resolve();
    expect(work.run(handler, () => again)).toBe(again);
  });

  it('does not begin when the lock was released before', () => {
    expect(work.over).toBeUndefined();

    expect(() => work.run(handler, () => 'ran')).toThrow('The caller has left');
    expect(work.run(LockService, () => 'another function')).toBe('another function');
  });
});
