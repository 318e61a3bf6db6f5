import { bindLockService, createLockService, MemoryLockNode, type LockService } from '../../../lib';
import { deferred } from '../../helpers/deferred';
import { until } from '../../helpers/until';
import { runBlock } from '../../helpers/document-module';

type AnyClass<T> = abstract new (...parts: never[]) => T;
function make<T extends object>(Class: AnyClass<T>, locks: LockService, ...parts: unknown[]): T {
  const made = new (Class as new (...all: unknown[]) => T)(...parts);
  bindLockService(made, locks);
  return made;
}

describe('the examples of readers and permits', () => {
  const { ReportService } = runBlock('README.md', 'class ReportService') as {
    ReportService: AnyClass<{
      read(id: string): Promise<string>;
      book(account: string): Promise<void>;
      send(): Promise<void>;
      render(): Promise<number>;
    }>;
  };
  const { ReportReader } = runBlock('docs/RECIPES.md', 'class ReportReader') as {
    ReportReader: AnyClass<{ read(id: string): Promise<string>; rebuild(id: string): Promise<void> }>;
  };
  const { Provider } = runBlock('docs/RECIPES.md', 'class Provider') as {
    Provider: AnyClass<{ call(path: string): Promise<number> }>;
  };
  const { HeavyJobs } = runBlock('docs/RECIPES.md', 'class HeavyJobs') as {
    HeavyJobs: AnyClass<{
      encode(video: string): Promise<void>;
      import(file: string): Promise<void>;
      rebuildIndex(): Promise<void>;
    }>;
  };
  const { Renderer } = runBlock('docs/RECIPES.md', 'class Renderer') as {
    Renderer: AnyClass<{
      render(scene: string, run: (scene: string, licence: string) => Promise<void>): Promise<void>;
    }>;
  };

  let locks: LockService;
  let theirs: LockService;

  beforeEach(() => {
    const nodes = [new MemoryLockNode(), new MemoryLockNode(), new MemoryLockNode()];
    [locks, theirs] = [createLockService({ nodes }), createLockService({ nodes })];
  });

  afterEach(async () => {
    await Promise.all([locks.close(), theirs.close()]);
  });

  it('read a report together, and number what is held at the same time', async () => {
    const reports = make(ReportService, locks, locks);

    expect(await Promise.all(['7', '7'].map((id) => reports.read(id)))).toEqual(['7', '7']);
    await Promise.all([reports.book('1'), reports.book('2'), reports.send()]);
    expect(await reports.render()).toBeLessThan(10);
  });

  it('rebuild a report while nobody reads it', async () => {
    const reading = deferred();
    const order: string[] = [];
    const reports = {
      load: async () => {
        await reading.promise;
        order.push('read');
        return 'text';
      },
      rebuild: () => Promise.resolve(order.push('rebuilt')),
    };
    const [mine, other] = [make(ReportReader, locks, reports), make(ReportReader, theirs, reports)];

    const reads = [mine.read('7'), other.read('7')];
    const rebuilt = other.rebuild('7');
    reading.resolve();
    await Promise.all([...reads, rebuilt]);

    expect(order).toEqual(['read', 'read', 'rebuilt']);
  });

  it('call five times at once at most', async () => {
    const [mine, other] = [make(Provider, locks), make(Provider, theirs)];
    let now = 0;
    let most = 0;
    const fetching = jest.spyOn(globalThis, 'fetch').mockImplementation(async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 5));
      now -= 1;
      return new Response('', { status: 202 });
    });

    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? mine : other).call('mail')),
    );
    fetching.mockRestore();

    expect(answers).toEqual(Array(20).fill(202));
    expect(most).toBe(5);
  });

  it('do three heavy jobs at a time, and one alone that needs all of it, in their order', async () => {
    const began: string[] = [];
    const going = new Map<string, () => void>();
    const job = (name: string) =>
      new Promise<void>((resolve) => {
        began.push(name);
        going.set(name, resolve);
      });
    const work = { encode: job, load: job, rebuildIndex: () => job('index') };
    const [mine, other] = [make(HeavyJobs, locks, work), make(HeavyJobs, theirs, work)];
    const have = (...names: string[]) =>
      until(`${names.join(' ')} began`, () => began.join(' ') === names.join(' '));

    const first = [mine.encode('a'), mine.encode('b'), mine.import('c')];
    await have('a', 'b', 'c');
    const index = other.rebuildIndex();
    await until('it waits', async () => (await locks.inspect('heavy')).waiting > 0);
    const late = mine.encode('d');
    for (const name of ['a', 'b']) going.get(name)?.();
    await Promise.all(first.slice(0, 2));
    expect(began).toHaveLength(3);
    going.get('c')?.();
    await have('a', 'b', 'c', 'index');
    going.get('index')?.();
    await have('a', 'b', 'c', 'index', 'd');
    going.get('d')?.();

    await Promise.all([...first, index, late]);
  });

  it('give each renderer a licence of its own', async () => {
    const going = deferred();
    const licences: string[] = [];
    const [mine, other] = [make(Renderer, locks, locks), make(Renderer, theirs, theirs)];
    const run = (_scene: string, licence: string) => {
      licences.push(licence);
      if (licences.length === 10) going.resolve();
      return going.promise;
    };

    await Promise.all(
      Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? mine : other).render('scene', run)),
    );

    expect(new Set(licences).size).toBe(10);
    expect(licences[0]).toMatch(/^licence-\d\.lic$/);
  });
});
