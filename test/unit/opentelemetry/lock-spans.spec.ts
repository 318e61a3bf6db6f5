import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { instrumentLocks } from '../../../lib/opentelemetry';
import { Fleet } from '../../helpers/fleet';
import { durationMs, hasFailed, Telemetry } from '../../helpers/telemetry';
import { settle } from '../../helpers/virtual-clock';
import { watch } from '../../helpers/watch';

describe('the spans of locks', () => {
  const fleet = new Fleet(3);
  let telemetry: Telemetry;
  let process: ReturnType<Fleet['process']>;

  const instrument = (options: Parameters<typeof instrumentLocks>[1] = {}) => {
    const { tracerProvider, meterProvider } = telemetry;
    return instrumentLocks(process.service, { tracerProvider, meterProvider, ...options });
  };

  beforeEach(() => {
    telemetry = new Telemetry();
    process = fleet.process();
  });

  afterEach(async () => {
    for (const node of fleet.nodes) node.recover();
    context.disable();
    await Promise.all([telemetry.shutdown(), process.service.close()]);
  });

  it('last from the call to the grant, and from the grant to the release', async () => {
    instrument();
    const other = await fleet.process().manager.acquire('order:7');
    const acquiring = process.service.acquire('order:7', { ttl: 3_000 });

    await fleet.clock.advance(300);
    await other.release();
    const lock = await acquiring;
    await fleet.clock.advance(1_500);
    await lock.release();

    const [acquire, hold] = [telemetry.span('redlock acquire'), telemetry.span('redlock hold')];
    expect(acquire.attributes).toEqual({
      'redlock.connection': 'default',
      'redlock.mode': 'exclusive',
      'redlock.resource.count': 1,
      'redlock.outcome': 'acquired',
    });
    expect(hold.attributes).toEqual({
      'redlock.connection': 'default',
      'redlock.mode': 'exclusive',
      'redlock.resource.count': 1,
      'redlock.outcome': 'released',
      'redlock.extensions': 1,
    });
    expect([acquire, hold].map(durationMs)).toEqual([300, 1_500]);
    expect(hold.startTime).toEqual(acquire.endTime);
    expect([acquire, hold].map(hasFailed)).toEqual([false, false]);
  });

  it('end each for itself, of readers that share an owner token', async () => {
    instrument();
    const first = await process.service.acquire('report:7', { mode: 'shared' });
    await fleet.clock.advance(50);
    const second = await process.service.acquire('report:7', { mode: 'shared' });
    await first.release();
    expect(telemetry.spans.filter(({ name }) => name === 'redlock hold')).toHaveLength(1);
    await second.release();

    const holds = telemetry.spans.filter(({ name }) => name === 'redlock hold');
    expect(holds.map(({ attributes }) => attributes['redlock.mode'])).toEqual(['shared', 'shared']);
  });

  it('are children of the span in which the lock was asked for, also after a wait that somebody else ended', async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    instrument();
    const tracer = telemetry.tracerProvider.getTracer('test');
    const handle = (name: string, task: () => Promise<void>) =>
      tracer.startActiveSpan(name, (span) =>
        process.service.withLock('order:7', task).finally(() => {
          span.end();
        }),
      );

    let letGo!: () => void;
    const first = handle('GET /first', () => new Promise((resolve) => (letGo = resolve)));
    await fleet.clock.advance(10);
    const second = handle('GET /second', () => Promise.resolve());
    await fleet.clock.advance(10);
    letGo();
    await Promise.all([first, second]);

    const parentOf = new Map(telemetry.spans.map((span) => [span.spanContext().spanId, span.name]));
    const family = telemetry.spans.map(
      ({ name, parentSpanContext }) => `${parentOf.get(parentSpanContext?.spanId ?? '') ?? 'none'} > ${name}`,
    );
    expect(family.filter((line) => line.includes('redlock')).sort()).toEqual([
      'GET /first > redlock acquire',
      'GET /first > redlock hold',
      'GET /second > redlock acquire',
      'GET /second > redlock hold',
    ]);
    expect(new Set(telemetry.spans.map((span) => span.spanContext().traceId)).size).toBe(2);
  });

  it('are children of the span in which the lock was asked for, also when it was busy or unavailable', async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    instrument();
    const parent = telemetry.tracerProvider.getTracer('test').startSpan('parent');
    const within = <T>(call: () => T): T => context.with(trace.setSpan(ROOT_CONTEXT, parent), call);
    await fleet.process().manager.acquire('order:8', { ttl: 60_000 });

    const busy = watch(within(() => process.service.acquire('order:8', { wait: 400 })));
    await fleet.clock.advance(400);
    for (const node of fleet.nodes) node.fault = 'deaf';
    const unavailable = watch(within(() => process.service.acquire('order:9', { wait: 0 })));
    await fleet.clock.advance(500);

    expect([busy.state, unavailable.state]).toEqual(['rejected', 'rejected']);
    const spans = telemetry.spans.map((span) => ({
      parent: span.parentSpanContext?.spanId,
      outcome: span.attributes['redlock.outcome'],
      errorType: span.attributes['error.type'],
      failed: hasFailed(span),
      ms: durationMs(span),
    }));
    const { spanId } = parent.spanContext();
    expect(spans).toEqual([
      { parent: spanId, outcome: 'busy', errorType: undefined, failed: false, ms: 400 },
      { parent: spanId, outcome: 'unavailable', errorType: 'LOCK_UNAVAILABLE', failed: true, ms: 500 },
    ]);
  });

  it('are children of that span when the nodes answer later, too', async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    instrument();
    const parent = telemetry.tracerProvider.getTracer('test').startSpan('parent');
    const within = <T>(call: () => T): T => context.with(trace.setSpan(ROOT_CONTEXT, parent), call);
    for (const node of fleet.nodes) node.fault = 'mute';

    const acquiring = watch(within(() => process.service.acquire('order:11')));
    for (const node of fleet.nodes) node.recover();
    await settle();
    for (const node of fleet.nodes) node.fault = 'mute';
    const releasing = watch(within(async () => acquiring.value?.release()));
    for (const node of fleet.nodes) node.recover();
    await settle();

    expect([acquiring.state, releasing.state]).toEqual(['resolved', 'resolved']);
    const { spanId } = parent.spanContext();
    expect(telemetry.spans.length).toBeGreaterThan(0);
    expect(telemetry.spans.map((span) => span.parentSpanContext?.spanId)).toEqual(
      telemetry.spans.map(() => spanId),
    );
  });

  it('fail when the lock is lost, and say why', async () => {
    instrument();
    await process.service.acquire('order:10', { ttl: 3_000, autoExtend: false });

    await fleet.clock.advance(10_000);

    const hold = telemetry.span('redlock hold');
    expect(hold.attributes).toMatchObject({
      'redlock.outcome': 'lost',
      'redlock.lost.reason': 'expired',
      'error.type': 'LOCK_LOST',
    });
    expect(hasFailed(hold)).toBe(true);
    expect(durationMs(hold)).toBe(2_968);
  });

  it('name neither resources nor owners, lost locks included', async () => {
    instrument({ resourceGroup: ([first]) => first?.split(':')[0] });
    const lock = await process.service.acquire(['mail:jo@example.com', 'mail:al@example.com'], {
      ttl: 3_000,
      autoExtend: false,
    });
    await fleet.clock.advance(10_000);
    await (await process.service.acquire('mail:jo@example.com')).release();

    const text = await telemetry.everything();

    expect(text).toContain('"redlock.resource.group":"mail"');
    expect(text).toContain('"redlock.resource.count":2');
    expect(text).not.toContain('example.com');
    expect(text).not.toContain(lock.ownerToken);
    expect(text).not.toContain('secret-');
  });

  it('name the resources where that is asked for; metrics do not', async () => {
    instrument({ spanResources: true, connection: 'billing' });

    await (await process.service.acquire(['b', 'a'])).release();

    for (const span of telemetry.spans) {
      expect(span.attributes).toMatchObject({
        'redlock.resources': ['a', 'b'],
        'redlock.connection': 'billing',
      });
    }
    expect(telemetry.spans).toHaveLength(2);
    expect(await telemetry.metric('redlock.acquire.duration')).toEqual([
      {
        attributes: { 'redlock.connection': 'billing', 'redlock.outcome': 'acquired' },
        value: { sum: 0, count: 1 },
      },
    ]);
  });

  it('end, with the outcome unknown, when nobody observes any more', async () => {
    const stop = instrument();
    const lock = await process.service.acquire('order:11');

    stop();
    await lock.release();

    expect(telemetry.span('redlock hold').attributes).toMatchObject({ 'redlock.outcome': 'unobserved' });
    expect(telemetry.spans).toHaveLength(2);
  });
});
