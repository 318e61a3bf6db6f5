import {
  bindLockService,
  Limited,
  Locked,
  LockKeyError,
  LockOptionsError,
  type LockKey,
} from '../../../../lib';
import { Fleet } from '../../../helpers/fleet';
import { watch } from '../../../helpers/watch';

class Mailer {
  constructor(readonly done: Promise<void>) {}

  @Limited('api:<0>', { limit: 2, wait: 0 })
  async send(_tenant: string): Promise<void> {
    await this.done;
  }

  @Locked(['account:<0>', { shared: 'rates:<1>' }], { wait: 0 })
  async book(_account: string, _currency: string): Promise<void> {
    await this.done;
  }

  @Locked({ shared: 'rates:<0>' }, { wait: 0 })
  async read(_currency: string): Promise<void> {
    await this.done;
  }

  @Locked((currency: string) => ['all', { shared: `rates:${currency}` }], { wait: 0 })
  async close(_currency: string): Promise<void> {
    await this.done;
  }
}

function twoProcesses() {
  const fleet = new Fleet(3);
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (finish = resolve));
  const mailers = [0, 1].map(() => {
    const mailer = new Mailer(done);
    bindLockService(mailer, fleet.process().service);
    return mailer;
  });
  return { fleet, finish, first: mailers[0] as Mailer, second: mailers[1] as Mailer };
}

describe('a @Limited method', () => {
  it('runs as often at once as its limit, per key, in all processes', async () => {
    const { fleet, finish, first, second } = twoProcesses();
    const calls = [first.send('a'), second.send('a'), second.send('b')].map((call) => watch(call));
    await fleet.clock.advance(1);
    const third = watch(first.send('a'));
    await fleet.clock.advance(1);

    expect(calls.map(({ state }) => state)).toEqual(['pending', 'pending', 'pending']);
    expect(third.error).toMatchObject({ code: 'LOCK_LIMIT', limit: 2, resources: ['api:a'] });
    finish();
    await fleet.clock.advance(1);
    expect(calls.map(({ state }) => state)).toEqual(['resolved', 'resolved', 'resolved']);
  });

  it.each([undefined, {}, { limit: 0 }, { limit: 2, permits: 3 }])(
    'is refused with the options %j',
    (options) => {
      expect(() => Limited('api', options as unknown as { limit: number })).toThrow(LockOptionsError);
    },
  );
});

describe('a @Locked method that only reads some of its resources', () => {
  it('runs beside those that read them too, and not beside who has the rest', async () => {
    const { fleet, finish, first, second } = twoProcesses();
    const calls = [first.book('1', 'eur'), second.book('2', 'eur'), second.read('eur')].map((call) =>
      watch(call),
    );
    await fleet.clock.advance(1);
    const same = watch(second.book('1', 'eur'));
    const closing = watch(second.close('eur'));
    await fleet.clock.advance(1);

    expect(calls.map(({ state }) => state)).toEqual(['pending', 'pending', 'pending']);
    expect(same.error).toMatchObject({ code: 'LOCK_BUSY' });
    expect(closing.state).toBe('pending');
    finish();
    await fleet.clock.advance(1);
    expect(calls.map(({ state }) => state)).toEqual(['resolved', 'resolved', 'resolved']);
  });

  it.each<[unknown]>([[{ shared: 7 }], [['a', { shared: 7 }]], [['a', { read: 'b' }]], [{ shared: ['a'] }]])(
    'is refused with the key %j',
    (key) => {
      expect(() => Locked(key as LockKey)).toThrow(LockKeyError);
    },
  );

  it('is refused at the call where its function returns something else', async () => {
    const { fleet, first } = twoProcesses();
    class Wrong {
      @Locked((() => [{ shared: 7 }]) as never)
      run(): Promise<void> {
        return Promise.resolve();
      }
    }
    const wrong = new Wrong();
    bindLockService(wrong, fleet.process().service);

    await expect(wrong.run()).rejects.toBeInstanceOf(LockKeyError);
    expect(first).toBeDefined();
  });
});
