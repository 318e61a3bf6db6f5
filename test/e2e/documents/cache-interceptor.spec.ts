import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  type INestApplication,
  Injectable,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { concatMap, type Observable, of, tap } from 'rxjs';
import request from 'supertest';
import { LockInterceptor, RedlockModule } from '../../../lib';
import { deferred } from '../../helpers/deferred';
import { DocumentWorld } from '../../helpers/document-world';
import { until } from '../../helpers/until';

const stored = new Map<string, unknown>();
/** A store over a network, which has taken something when this is resolved. */
let storing: Promise<unknown> = Promise.resolve();
/** How many found nothing there. */
let misses = 0;
/** What a report waits for. */
let sources: () => Promise<unknown> = () => Promise.resolve();

abstract class Cache implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { path } = context.switchToHttp().getRequest<{ path: string }>();
    if (stored.has(path)) return of(stored.get(path));
    misses += 1;
    return this.store(next.handle(), (value) => storing.then(() => stored.set(path, value)));
  }

  protected abstract store(
    answer: Observable<unknown>,
    set: (value: unknown) => Promise<unknown>,
  ): Observable<unknown>;
}

@Injectable()
class AwaitedCache extends Cache {
  protected override store(answer: Observable<unknown>, set: (value: unknown) => Promise<unknown>) {
    return answer.pipe(concatMap((value) => set(value).then(() => value)));
  }
}

/** As that of Nest does. */
@Injectable()
class UnawaitedCache extends Cache {
  protected override store(answer: Observable<unknown>, set: (value: unknown) => Promise<unknown>) {
    return answer.pipe(tap((value) => void set(value)));
  }
}

const Lock = LockInterceptor('report');

@Controller()
class Reports {
  runs = 0;

  @Get('before')
  @UseInterceptors(AwaitedCache, Lock)
  before() {
    return this.report();
  }

  @Get('behind')
  @UseInterceptors(Lock, AwaitedCache)
  behind() {
    return this.report();
  }

  @Get('impatient')
  @UseInterceptors(LockInterceptor('report', { wait: 0 }), AwaitedCache)
  impatient() {
    return this.report();
  }

  @Get('unawaited')
  @UseInterceptors(Lock, UnawaitedCache)
  unawaited() {
    return this.report();
  }

  private async report() {
    const run = (this.runs += 1);
    await sources();
    return { run };
  }
}

describe('a cache interceptor, as INTERCEPTORS.md has it', () => {
  let world: DocumentWorld;
  let app: INestApplication;
  let arrived = 0;

  beforeAll(async () => {
    world = await DocumentWorld.start();
    const module = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: world.nodes })],
      controllers: [Reports],
    }).compile();
    app = module.createNestApplication();
    app.useLogger(false);
    app.use((_request: unknown, _response: unknown, next: () => void) => {
      arrived += 1;
      next();
    });
    await app.listen(0, '127.0.0.1');
  });

  beforeEach(() => {
    stored.clear();
    storing = Promise.resolve();
    sources = () => Promise.resolve();
    misses = arrived = 0;
    app.get(Reports).runs = 0;
  });

  afterAll(async () => {
    await app.close();
    await world.stop();
  });

  const get = (path: string) => request(app.getHttpServer() as Parameters<typeof request>[0]).get(path);
  const runsOf = (answers: { body: unknown }[]) => answers.map(({ body }) => (body as { run: number }).run);

  it('before the lock answers a hit without it', async () => {
    stored.set('/before', { run: 0 });
    await using _other = await world.others.acquire('report');

    await get('/before').expect(200, { run: 0 });
  });

  it('before the lock lets each of many compute what they all missed', async () => {
    sources = () => until('all have missed it', () => misses === 3);

    const answers = await Promise.all([get('/before'), get('/before'), get('/before')]);

    expect(runsOf(answers).sort()).toEqual([1, 2, 3]);
  });

  it('behind the lock has one of many compute it', async () => {
    sources = () => until('all have asked', () => arrived === 3);

    const answers = await Promise.all([get('/behind'), get('/behind'), get('/behind')]);

    expect(runsOf(answers)).toEqual([1, 1, 1]);
  });

  it('behind the lock is not looked at by whoever does not get it', async () => {
    stored.set('/impatient', { run: 0 });
    await using _other = await world.others.acquire('report');

    await get('/impatient').expect(409);
  });

  it('behind the lock comes too late when nobody waits for its store', async () => {
    const slow = deferred<undefined>();
    storing = slow.promise;
    sources = () => until('both have asked', () => arrived === 2);

    const answers = await Promise.all([get('/unawaited'), get('/unawaited')]);
    slow.resolve(undefined);

    expect(runsOf(answers).sort()).toEqual([1, 2]);
  });
});
