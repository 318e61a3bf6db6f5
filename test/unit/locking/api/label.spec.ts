import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host';
import { lastValueFrom, of, type Observable } from 'rxjs';
import {
  bindLockService,
  createLockService,
  LockBusyError,
  Locked,
  LockInterceptor,
  LockOptionsError,
  MemoryLockNode,
  type LockEvent,
  type LockOptions,
  type LockService,
} from '../../../../lib';

const nodes = [
  new MemoryLockNode({ name: 'a' }),
  new MemoryLockNode({ name: 'b' }),
  new MemoryLockNode({ name: 'c' }),
];
const open = (defaults: LockOptions = {}) => createLockService({ nodes, defaults });

const busyErrorOf = async (asking: Promise<unknown>): Promise<LockBusyError> => {
  try {
    await asking;
  } catch (error) {
    if (error instanceof LockBusyError) return error;
    throw error;
  }
  throw new Error('it was not busy');
};

describe('the label of a holder', () => {
  let locks: LockService;
  let others: LockService;

  beforeEach(() => {
    locks = open();
    others = open();
  });
  afterEach(async () => {
    await locks.close();
    await others.close();
  });

  it('is told by the lock, by inspect and by events', async () => {
    const events: LockEvent[] = [];
    locks.events$.subscribe((event) => events.push(event));

    const lock = await locks.acquire('order:7', { label: 'import 17' });

    expect(lock.label).toBe('import 17');
    expect((await others.inspect('order:7')).holder).toMatchObject({ label: 'import 17', pid: process.pid });
    await lock.release();
    expect(events).toEqual([
      expect.objectContaining({ type: 'acquired', label: 'import 17' }),
      expect.objectContaining({ type: 'released', label: 'import 17' }),
    ]);
  });

  it.each([0, 1])('is told by the error of another process that waited %p ms', async (wait) => {
    await using _lock = await locks.acquire('order:7', { label: 'import 17' });

    const error = await busyErrorOf(others.acquire('order:7', { wait }));

    expect(error.holder).toMatchObject({ label: 'import 17', pid: process.pid });
    expect(error.message).toContain(`is locked by "import 17" (process ${process.pid} on `);
  });

  it('is told by the error of another caller of the process, also of one who got it handed over', async () => {
    const first = await locks.acquire(['order:7', 'order:8'], { label: 'import 17' });
    const second = locks.acquire(['order:7', 'order:8'], { label: 'import 18' });

    const error = await busyErrorOf(locks.acquire('order:8', { wait: 1 }));
    await first.release();
    await using lock = await second;
    const later = await busyErrorOf(locks.acquire('order:8', { wait: 1 }));

    expect(error.message).toContain('is locked by "import 17", another caller of this process');
    expect(later.holder).toMatchObject({ label: 'import 18', ownerToken: lock.ownerToken });
    expect((await others.inspect('order:7')).holder?.label).toBe('import 18');
  });

  it('comes with fencing tokens and hand-overs that are numbered', async () => {
    const first = await locks.acquire('order:7', { label: 'import 17', fencing: true });
    const second = locks.acquire('order:7', { label: 'import 18', fencing: true });
    await first.release();

    await using lock = await second;

    expect(lock.label).toBe('import 18');
    expect((await others.inspect('order:7')).holder?.label).toBe('import 18');
  });

  it('comes from the defaults of the module, and from a call before them', async () => {
    const named = open({ label: 'worker' });

    await using one = await named.acquire('a');
    await using other = await named.acquire('b', { label: 'import 17' });
    expect([one.label, other.label]).toEqual(['worker', 'import 17']);
    await named.withLock('c', (lock) => {
      expect(lock.label).toBe('worker');
    });
    await one.release();
    await other.release();
    await named.close();
  });

  it('of a locked method is a text, or made of what the method gets', async () => {
    class Imports {
      readonly kind = 'import';
      @Locked('plain', { label: 'import' })
      async plain() {
        return (await others.inspect('plain')).holder?.label;
      }
      @Locked('made:<0>', {
        label(this: Imports, id: number) {
          return `${this.kind} ${id}`;
        },
      })
      async made(id: number) {
        return (await others.inspect(`made:${id}`)).holder?.label;
      }
      @Locked('wrong', { label: () => '\n' })
      async wrong() {}
    }
    const imports = bindLockService(new Imports(), locks);

    await expect(imports.plain()).resolves.toBe('import');
    await expect(imports.made(17)).resolves.toBe('import 17');
    await expect(imports.wrong()).rejects.toThrow(LockOptionsError);
    expect(() => Locked('x', { label: '\n' })).toThrow(LockOptionsError);
    expect(() => Locked('x', { label: 7 as never })).toThrow(LockOptionsError);
  });

  it('of a LockInterceptor is made of the execution context', async () => {
    const context = new ExecutionContextHost([{ params: { id: '17' } }]);
    const Interceptor = LockInterceptor('import:<params.id>', {
      label: (http) => `import ${http.switchToHttp().getRequest<{ params: { id: string } }>().params.id}`,
    });
    const handle = () => of(locks.current()?.label);

    const seen = await lastValueFrom(
      new Interceptor(locks).intercept(context, { handle }) as Observable<unknown>,
    );

    expect(seen).toBe('import 17');
  });
});
