import {
  Body,
  Controller,
  type INestApplication,
  Post,
  type Type,
  UploadedFile,
  UseInterceptors,
} from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { lastValueFrom, type Observable, Subject } from 'rxjs';
import request from 'supertest';
import { LockInterceptor, RedlockModule } from '../../../lib';
import { runBlock } from '../../helpers/document-module';
import { DocumentWorld } from '../../helpers/document-world';
import { until } from '../../helpers/until';

@Controller('files')
class Files {
  @Post('before')
  @UseInterceptors(LockInterceptor('file:<body.id>', { wait: 0 }), FileInterceptor('file'))
  before(@Body('id') id: string) {
    return { id };
  }

  @Post('behind')
  @UseInterceptors(FileInterceptor('file'), LockInterceptor('file:<body.id>', { wait: 0 }))
  behind(@Body('id') id: string, @UploadedFile() file: { size: number }) {
    return { id, size: file.size };
  }
}

describe('the examples of INTERCEPTORS.md', () => {
  const charges = new Subject<unknown>();
  let world: DocumentWorld;
  let app: INestApplication;
  let BankService: Type<{ charge(account: string): Observable<unknown> }>;

  beforeAll(async () => {
    world = await DocumentWorld.start();
    const examples = runBlock('docs/INTERCEPTORS.md', 'class BankService', { change: world.change }) as {
      OrderController: Type;
      BankService: typeof BankService;
    };
    ({ BankService } = examples);
    const module = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: world.nodes })],
      controllers: [examples.OrderController, Files],
      providers: [BankService, { provide: 'BANK', useValue: { send: () => charges } }],
    }).compile();
    app = module.createNestApplication();
    app.useLogger(false);
    await app.init();
  });

  afterAll(async () => {
    await app.close();
    await world.stop();
  });

  const http = () => request(app.getHttpServer() as Parameters<typeof request>[0]);
  const isFree = (resource: string) => async () => !(await world.isHeld(resource));

  it('hold one lock for all spellings of an order while its handler asks others', async () => {
    const held: boolean[] = [];
    world.onRequest = async () => held.push(await world.isHeld('order:7'));

    await http().post('/orders/007/invoice').expect(201);

    expect(held).toEqual([true, true]);
    expect(world.requests).toEqual(['GET /today', 'POST /charge/007']);
  });

  it('keep the lock of what another service goes on with, when nobody listens any more', async () => {
    const listener = app.get(BankService).charge('7').subscribe();
    await until('it is asked', () => charges.observed);

    listener.unsubscribe();

    expect(await world.isHeld('account:7')).toBe(true);
    charges.complete();
    await until('the lock is free', isFree('account:7'));
    await expect(lastValueFrom(charges, { defaultValue: 'over' })).resolves.toBe('over');
  });

  it('answer a form with 400 whose key is asked for before FileInterceptor has read it', async () => {
    const answer = await http()
      .post('/files/before')
      .field('id', '7')
      .attach('file', Buffer.from('abc'), 'a');

    expect(answer.status).toBe(400);
  });

  it('lock by a field of a form behind FileInterceptor', async () => {
    const send = () => http().post('/files/behind').field('id', '7').attach('file', Buffer.from('abc'), 'a');
    const other = await world.others.acquire('file:7');

    await send().expect(409);
    await other.release();

    await send().expect(201, { id: '7', size: 3 });
  });
});
