import {
  Controller,
  Param,
  Post,
  Req,
  UseInterceptors,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  CurrentLock,
  LockInterceptor,
  LockService,
  MemoryLockNode,
  RedlockModule,
  type Lock,
} from '../../lib';
import { nestMajor } from '../helpers/nest-major';

const LockByField = LockInterceptor('file:<body.id>', { wait: 0 });

/** Before version 12, Nest has no `FileInterceptor` for Fastify, and its Fastify may be too old for the plugin. */
const describeWithInterceptors = nestMajor < 12 ? describe.skip : describe;

describeWithInterceptors('a form on Fastify', () => {
  let app: INestApplication;

  async function start(attachFieldsToBody?: 'keyValues') {
    const { FileInterceptor } = await import('@nestjs/platform-fastify/multipart');
    const { default: multipart } = await import('@fastify/multipart');

    @Controller()
    class Files {
      @Post('before')
      @UseInterceptors(LockByField, FileInterceptor('file'))
      before(@CurrentLock() { resources }: Lock) {
        return resources;
      }

      @Post('behind')
      @UseInterceptors(FileInterceptor('file'), LockByField)
      behind(@CurrentLock() { resources }: Lock) {
        return resources;
      }

      @Post('path/:id')
      @UseInterceptors(LockInterceptor('file:<params.id>', { wait: 0 }))
      async path(
        @Param('id') _id: string,
        @Req() request: { file(): Promise<{ toBuffer(): Promise<Buffer> }> },
        @CurrentLock() { resources }: Lock,
      ) {
        const file = await request.file();
        return [...resources, String(await file.toBuffer())];
      }
    }
    const module = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()] })],
      controllers: [Files as Type],
    }).compile();
    const fastify = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), {
      forceCloseConnections: true,
    });
    fastify.useLogger(false);
    if (attachFieldsToBody !== undefined) await fastify.register(multipart, { attachFieldsToBody });
    await fastify.listen(0, '127.0.0.1');
    app = fastify;
  }

  afterEach(() => app.close());

  const send = async (path: string) => {
    const form = new FormData();
    form.append('id', '7');
    form.append('file', new Blob(['abc']), 'a.txt');
    const response = await fetch(`${await app.getUrl()}/${path}`, { method: 'POST', body: form });
    return { status: response.status, body: await response.json() };
  };

  it('locks by its field behind FileInterceptor, and answers with 400 before it', async () => {
    await start();
    const other = await app.get(LockService).acquire('file:7');

    expect(await send('behind')).toMatchObject({ status: 409 });
    await other.release();

    expect(await send('behind')).toEqual({ status: 201, body: ['file:7'] });
    expect(await send('before')).toMatchObject({ status: 400, body: { code: 'LOCK_KEY_INVALID' } });
  });

  it('is read by the handler while the lock is held, where the path names the resource', async () => {
    await start();

    expect(await send('path/7')).toEqual({ status: 201, body: ['file:7', 'abc'] });
  });

  it('locks by its field anywhere, where the plugin puts the fields into the body', async () => {
    await start('keyValues');

    expect(await send('before')).toMatchObject({ status: 201, body: ['file:7'] });
  });
});
