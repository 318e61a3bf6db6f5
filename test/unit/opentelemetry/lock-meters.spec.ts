import { diag } from '@opentelemetry/api';
import { Subject } from 'rxjs';
import { LockOptionsError, type LockEvent, type LockService } from '../../../lib';
import { instrumentLocks, type InstrumentLocksOptions } from '../../../lib/opentelemetry';
import { Fleet } from '../../helpers/fleet';
import { Telemetry } from '../../helpers/telemetry';
import { watch } from '../../helpers/watch';

describe('the metrics of locks', () => {
  let fleet: Fleet;
  let telemetry: Telemetry;
  let service: LockService;

  const instrument = (options: InstrumentLocksOptions = {}, locks = service) => {
    const { tracerProvider, meterProvider } = telemetry;
    return instrumentLocks(locks, { tracerProvider, meterProvider, ...options });
  };

  beforeEach(() => {
    fleet = new Fleet(3);
    telemetry = new Telemetry();
    ({ service } = fleet.process());
  });

  afterEach(async () => {
    diag.disable();
    await telemetry.shutdown();
  });

  it('measure waiting, holding and what was left of the validity, in seconds', async () => {
    instrument();
    const other = await fleet.process().manager.acquire('order:7');
    const acquiring = service.acquire('order:7', { ttl: 3_000, autoExtend: false });
    await fleet.clock.advance(300);
    await other.release();

    await fleet.clock.advance(500);
    await (await acquiring).release();

    const labels = { 'redlock.connection': 'default' };
    expect(await telemetry.metric('redlock.acquire.duration')).toEqual([
      { attributes: { ...labels, 'redlock.outcome': 'acquired' }, value: { sum: 0.3, count: 1 } },
    ]);
    expect(await telemetry.metric('redlock.hold.duration')).toEqual([
      { attributes: { ...labels, 'redlock.outcome': 'released' }, value: { sum: 0.5, count: 1 } },
    ]);
    expect(await telemetry.metric('redlock.release.validity')).toEqual([
      { attributes: labels, value: { sum: 2.468, count: 1 } },
    ]);
  });

  it('count who gave up, apart for busy and unavailable', async () => {
    instrument();
    await fleet.process().manager.acquire('order:7', { ttl: 60_000 });
    void watch(service.acquire('order:7', { wait: 400 }));
    void watch(service.acquire('order:7', { wait: 0 }));
    await fleet.clock.advance(400);
    for (const node of fleet.nodes) node.fault = 'deaf';
    void watch(service.acquire('order:8', { wait: 0 }));
    await fleet.clock.advance(500);
    for (const node of fleet.nodes) node.recover();

    expect(await telemetry.value('redlock.acquire.busy')).toBe(2);
    expect(await telemetry.value('redlock.acquire.unavailable')).toBe(1);
    const waits = await telemetry.metric('redlock.acquire.duration');
    expect(waits.map(({ attributes, value }) => [attributes['redlock.outcome'], value])).toEqual([
      ['busy', { sum: 0.4, count: 2 }],
      ['unavailable', { sum: 0.5, count: 1 }],
    ]);
    expect(await telemetry.value('redlock.lock.held')).toBe(0);
  });

  it('count what is held now, extensions, and what was lost by its reason', async () => {
    instrument();
    const long = await service.acquire('order:7', { ttl: 3_000 });
    await service.acquire('order:8', { ttl: 3_000, autoExtend: false });
    await service.acquire('order:9', { ttl: 3_000, maxHold: 500 });
    expect(await telemetry.value('redlock.lock.held')).toBe(3);

    await fleet.clock.advance(1_500);
    expect(await telemetry.value('redlock.lock.held')).toBe(2);
    expect(await telemetry.value('redlock.lock.extensions')).toBe(1);
    await fleet.clock.advance(3_000);
    await long.release();

    expect(await telemetry.value('redlock.lock.held')).toBe(0);
    const lost = await telemetry.metric('redlock.lock.lost');
    expect(lost.map(({ attributes, value }) => [attributes['redlock.lost.reason'], value])).toEqual([
      ['expired', 1],
      ['gone', 0],
      ['max-hold', 1],
    ]);
    const holds = await telemetry.metric('redlock.hold.duration');
    expect(holds.map(({ attributes, value }) => [attributes['redlock.outcome'], value])).toEqual([
      ['lost', { sum: expect.closeTo(2.968 + 0.5) as number, count: 2 }],
      ['released', { sum: 4.5, count: 1 }],
    ]);
  });

  it.each([
    ['acquire.duration', 0.0005, 60],
    ['hold.duration', 0.001, 3_600],
    ['release.validity', 0, 120],
  ])('sort the %s into buckets from %p to %p seconds', async (name, least, most) => {
    instrument();

    await (await service.acquire('order:7')).release();

    const boundaries = await telemetry.boundaries(`redlock.${name}`);
    expect([boundaries[0], boundaries.at(-1)]).toEqual([least, most]);
    expect(boundaries).toEqual([...boundaries].sort((a, b) => a - b));
  });

  it('have no more than a hundred groups and one for all others, should an application make one per id', async () => {
    const events$ = new Subject<LockEvent>();
    instrument({ resourceGroup: ([id]) => id }, {
      events$,
      inspect: () => service.inspect('x'),
    } as unknown as LockService);

    for (const id of [...Array(1_005).keys(), 3, 1_004]) {
      events$.next({ type: 'busy', resources: [String(id)], waitedMs: 0 } as unknown as LockEvent);
    }

    const calls = new Map(
      (await telemetry.metric('redlock.acquire.busy')).map(({ attributes, value }) => [
        attributes['redlock.resource.group'],
        value,
      ]),
    );
    expect(calls.size).toBe(101);
    expect([calls.get('3'), calls.get('other')]).toEqual([2, 906]);
    expect(await telemetry.metric('redlock.lock.extensions')).toHaveLength(101);
  });

  it('cut a group that is too long, and count a lock whose group is no text', async () => {
    const groups: unknown[] = ['x'.repeat(1_000), 7, {}];
    instrument({ resourceGroup: () => groups.shift() as string });

    for (let i = 0; i < 3; i++) await (await service.acquire('order:7')).release();

    const waits = await telemetry.metric('redlock.acquire.duration');
    expect(waits.map(({ attributes, value }) => [attributes['redlock.resource.group'], value])).toEqual([
      ['x'.repeat(64), { sum: 0, count: 1 }],
      [undefined, { sum: 0, count: 2 }],
    ]);
  });

  it('count each lock once that callers of the process hand over to each other', async () => {
    instrument();
    const callers = Array.from({ length: 5 }, () => service.withLock('order:7', () => Promise.resolve()));

    await Promise.all(callers);

    expect(await telemetry.value('redlock.lock.held')).toBe(0);
    expect(await telemetry.value('redlock.hold.duration')).toMatchObject({ count: 5 });
  });

  it('start at nothing: a lock from before counts nowhere', async () => {
    const early = await service.acquire('order:7', { ttl: 3_000 });
    instrument();

    await fleet.clock.advance(1_500);
    await early.release();

    for (const name of ['hold.duration', 'release.validity']) {
      expect(await telemetry.metric(`redlock.${name}`)).toEqual([]);
    }
    expect(await telemetry.value('redlock.lock.held')).toBe(0);
    expect(await telemetry.value('redlock.lock.extensions')).toBe(0);
  });

  it('forget the held locks when they are stopped, and say nothing after that', async () => {
    const stop = instrument();
    const lock = await service.acquire('order:7');

    stop();
    stop();
    await lock.release();
    await (await service.acquire('order:8')).release();

    expect(await telemetry.value('redlock.lock.held')).toBe(0);
    expect(await telemetry.value('redlock.acquire.duration')).toMatchObject({ count: 1 });
    expect(await telemetry.metric('redlock.hold.duration')).toEqual([]);
    expect(await telemetry.metric('redlock.node.up')).toEqual([]);
  });

  it('show counters at 0 before anything happens, and again for each new group, so that the first loss is an increase', async () => {
    const counters = async () => {
      const names = ['acquire.busy', 'acquire.unavailable', 'lock.extensions', 'lock.lost', 'lock.held'];
      const series = await Promise.all(names.map((name) => telemetry.metric(`redlock.${name}`)));
      return series.map((one) => one.map(({ value }) => value));
    };
    const stop = instrument();
    expect(await counters()).toEqual([[0], [0], [0], [0, 0], [0]]);
    stop();

    instrument({ connection: 'grouped', resourceGroup: () => 'order' });
    await service.acquire('order:7');

    expect(await counters()).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 0, 0, 0],
      [0, 1],
    ]);
  });

  it('sort locks into the groups that the application names', async () => {
    instrument({ resourceGroup: ([first]) => first?.split(':')[0] });

    await (await service.acquire('order:7')).release();
    await (await service.acquire('order:8')).release();
    await (await service.acquire('account:1')).release();

    const holds = await telemetry.metric('redlock.hold.duration');
    expect(holds.map(({ attributes, value }) => [attributes['redlock.resource.group'], value])).toMatchObject(
      [
        ['order', { count: 2 }],
        ['account', { count: 1 }],
      ],
    );
  });

  it('count locks also where their group cannot be told, and harm nobody', async () => {
    const warn = jest.fn();
    diag.setLogger({ warn, error: warn, info: warn, debug: warn, verbose: warn });
    instrument({
      resourceGroup: () => {
        throw new Error('no idea');
      },
    });

    await (await service.acquire('order:7')).release();

    expect(await telemetry.value('redlock.hold.duration')).toMatchObject({ count: 1 });
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('resourceGroup'), new Error('no idea'));
  });

  it('harm no lock when the SDK throws', async () => {
    const error = jest.fn();
    diag.setLogger({ error, warn: error, info: error, debug: error, verbose: error });
    const broken = {
      getTracer: () => ({
        startSpan: () => {
          throw new Error('broken');
        },
      }),
    } as unknown as InstrumentLocksOptions['tracerProvider'];
    instrument({ tracerProvider: broken });

    expect(await service.withLock('order:7', (lock) => lock.isHeld)).toBe(true);
    expect(error).toHaveBeenCalledWith(expect.stringContaining("'acquired'"), new Error('broken'));
  });

  describe('tell of the nodes', () => {
    const nodes = async () =>
      (await telemetry.metric('redlock.node.up')).map(({ attributes, value }) => [
        attributes['redlock.connection'],
        attributes['redlock.node'],
        value,
      ]);

    it('what they are before anything happens, and whenever it changes', async () => {
      fleet.node(2).refuse();
      instrument();
      expect(await nodes()).toEqual([
        ['default', 'a', 1],
        ['default', 'b', 1],
        ['default', 'c', 0],
      ]);

      fleet.node(1).refuse();
      fleet.node(2).recover();

      expect(await nodes()).toEqual([
        ['default', 'a', 1],
        ['default', 'b', 0],
        ['default', 'c', 1],
      ]);
    });

    it('which of them are guarded, since they may have forgotten locks', async () => {
      const events = new Subject<LockEvent>();
      const inspect: LockService['inspect'] = async (resource) => {
        const inspection = await service.inspect(resource);
        const nodes = inspection.nodes.map((one) =>
          one.node === 'c' ? { ...one, guarded: { reason: 'young' as const, forMs: 1_000 } } : one,
        );
        return { ...inspection, nodes };
      };
      instrument({}, { events$: events, inspect } as unknown as LockService);
      const guarded = async () => (await telemetry.metric('redlock.node.guarded')).map(({ value }) => value);
      expect(await guarded()).toEqual([0, 0, 1]);

      events.next({ type: 'node-guarded', node: 'b', reason: 'restarted', forMs: 60_000 });
      expect(await guarded()).toEqual([0, 1, 1]);

      events.next({ type: 'node-trusted', node: 'b' });
      events.next({ type: 'node-trusted', node: 'c' });
      expect(await guarded()).toEqual([0, 0, 0]);
    });

    it('and ask them for their state once only, and how full they are each time', async () => {
      const inspect = jest.spyOn(service, 'inspect');
      instrument();
      const asked = (withMemory: boolean) =>
        inspect.mock.calls.filter(([, options]) => (options?.memory ?? false) === withMemory).length;

      await nodes();
      const [states, memories] = [asked(false), asked(true)];
      await nodes();

      expect([asked(false), asked(true)]).toEqual([states, memories + 1]);
    });

    it('how full they are, where there is a limit', async () => {
      const memory = { usedBytes: 3, limitBytes: 4 };
      const inspect: LockService['inspect'] = async (resource, options) => {
        const inspection = await service.inspect(resource, options);
        const nodes = inspection.nodes.map((one) => (one.node === 'b' ? { ...one, memory } : one));
        return { ...inspection, nodes };
      };
      instrument({}, { events$: service.events$, inspect } as unknown as LockService);

      expect(await telemetry.metric('redlock.node.memory.utilization')).toMatchObject([
        { attributes: { 'redlock.connection': 'default', 'redlock.node': 'b' }, value: 0.75 },
      ]);
    });

    it('and ask again when that failed', async () => {
      const refusal = new Error('not now');
      jest.spyOn(service, 'inspect').mockRejectedValueOnce(refusal).mockRejectedValueOnce(refusal);
      instrument();

      expect(await nodes()).toEqual([]);
      expect(await nodes()).toHaveLength(3);
    });

    it('and believe an event that comes meanwhile', async () => {
      instrument();
      fleet.node(0).fault = 'stalled';
      const collecting = nodes();
      await fleet.clock.advance(1);
      fleet.node(1).refuse();

      await fleet.clock.advance(500);

      expect(await collecting).toEqual(expect.arrayContaining([['default', 'b', 0]]));
    });

    it('of each service apart', async () => {
      const billing = fleet.process().service;
      instrument();
      instrument({ connection: 'billing' }, billing);
      expect((await nodes()).map(([connection]) => connection)).toEqual([
        ...['default', 'default', 'default'],
        ...['billing', 'billing', 'billing'],
      ]);
    });

    it('until the service is closed', async () => {
      const inspect = jest.spyOn(service, 'inspect');
      instrument();

      await service.close();

      expect(await nodes()).toEqual([]);
      expect(inspect).not.toHaveBeenCalled();
    });
  });

  it.each([
    ['options', null],
    ['options', []],
    ['conection', { conection: 'billing' }],
    ['connection', { connection: '' }],
    ['resourceGroup', { resourceGroup: 'order' }],
    ['spanResources', { spanResources: 'yes' }],
    ['tracerProvider', { tracerProvider: {} }],
    ['meterProvider', { meterProvider: null }],
  ])('refuse a wrong option by its name: %s', (option, options) => {
    const wrong = options as unknown as InstrumentLocksOptions;

    expect(() => instrumentLocks(service, wrong)).toThrow(LockOptionsError);
    expect(() => instrumentLocks(service, wrong)).toThrow(new RegExp(`^${option}: `));
  });
});
