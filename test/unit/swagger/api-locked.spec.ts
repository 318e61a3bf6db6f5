import { Controller, Get, Param, ParseIntPipe, type INestApplication } from '@nestjs/common';
import {
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiProperty,
  DocumentBuilder,
  SwaggerModule,
  type OpenAPIObject,
} from '@nestjs/swagger';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { CurrentLock, Locked, LockService, LockSignal, type Lock, type LockErrorBody } from '../../../lib';
import { ApiLocked } from '../../../lib/swagger';
import { MemoryMasters } from '../../e2e/transports/memory-masters';

class OrderDto {
  @ApiProperty()
  id!: number;
}

@Controller()
class OrderController {
  @Get('above/:id')
  @ApiOperation({ summary: 'Reads an order' })
  @ApiOkResponse({ type: OrderDto, description: 'The order' })
  @ApiParam({ name: 'id', description: 'Its number', type: Number })
  @ApiLocked()
  @Locked('order:<0>', { wait: 0 })
  async above(
    @Param('id', ParseIntPipe) id: number,
    @LockSignal() _signal?: AbortSignal,
    @CurrentLock() _lock?: Lock,
  ): Promise<OrderDto> {
    return Promise.resolve({ id });
  }

  @Locked('order:<0>', { wait: 0 })
  @ApiLocked()
  @ApiParam({ name: 'id', description: 'Its number', type: Number })
  @ApiOkResponse({ type: OrderDto, description: 'The order' })
  @ApiOperation({ summary: 'Reads an order' })
  @Get('below/:id')
  async below(
    @Param('id', ParseIntPipe) id: number,
    @LockSignal() _signal?: AbortSignal,
    @CurrentLock() _lock?: Lock,
  ): Promise<OrderDto> {
    return Promise.resolve({ id });
  }

  @Get('inferred/:id')
  @Locked('order:<0>')
  async inferred(@Param('id') id: number): Promise<number> {
    return Promise.resolve(id);
  }

  @Get('described')
  @ApiLocked({ busy: 'In use', unavailable: 'Come back later' })
  described() {
    return 'ran';
  }

  @Get('available')
  @ApiLocked({ unavailable: false })
  available() {
    return 'ran';
  }

  @Get('answered')
  @ApiLocked({ answers: { busy: { statusCode: 423, retryAfter: false } } })
  answered() {
    return 'ran';
  }

  @Get('skipped')
  @ApiLocked({ busy: false })
  skipped() {
    return 'ran';
  }
}

@ApiLocked({ busy: 'In use' })
@Controller('all')
class AllController {
  @Get()
  read() {
    return 'ran';
  }
}

const bodyOf = (statusCode: number, error: string, code: string, message: string) => ({
  type: 'object',
  required: ['statusCode', 'error', 'code', 'message'],
  properties: {
    statusCode: { type: 'integer', enum: [statusCode] },
    error: { type: 'string', enum: [error] },
    code: { type: 'string', enum: [code] },
    message: { type: 'string', example: message },
  },
});

describe('the OpenAPI document of locked handlers', () => {
  const masters = new MemoryMasters();
  let app: INestApplication;
  let document: OpenAPIObject;

  beforeAll(async () => {
    const module = await Test.createTestingModule({
      imports: [masters.module()],
      controllers: [OrderController, AllController],
    }).compile();
    app = module.createNestApplication();
    app.useLogger(false);
    await app.init();
    document = SwaggerModule.createDocument(app, new DocumentBuilder().build());
  });

  afterAll(async () => {
    await app.close();
  });

  const operation = (path: string) => document.paths[path]?.get;
  const descriptions = (path: string) =>
    Object.entries(operation(path)?.responses ?? {}).map(([status, response]) => [
      status,
      response !== undefined && 'description' in response ? response.description : undefined,
    ]);

  it.each(['/above/{id}', '/below/{id}'])('keeps what other decorators say of %s', (path) => {
    expect(operation(path)).toMatchObject({
      summary: 'Reads an order',
      parameters: [
        { name: 'id', in: 'path', required: true, description: 'Its number', schema: { type: 'number' } },
      ],
      responses: {
        '200': {
          description: 'The order',
          content: { 'application/json': { schema: { $ref: '#/components/schemas/OrderDto' } } },
        },
      },
    });
    expect(operation(path)?.parameters).toHaveLength(1);
    expect(operation(path)?.requestBody).toBeUndefined();
  });

  it('still infers the types of parameters', () => {
    expect(operation('/inferred/{id}')).toMatchObject({
      parameters: [{ name: 'id', in: 'path', schema: { type: 'number' } }],
    });
  });

  it.each(['/above/{id}', '/below/{id}'])('has the 409 and the 503 of %s', (path) => {
    const { '409': busy, '503': unavailable } = operation(path)?.responses ?? {};

    const tryAgain = 'Try again later.';
    const headers = {
      'Retry-After': {
        description: 'When to try again, in seconds.',
        schema: { type: 'integer', example: 1 },
      },
    };
    expect(busy).toEqual({
      description: `Somebody else is working on it. ${tryAgain}`,
      headers,
      content: {
        'application/json': {
          schema: bodyOf(409, 'Conflict', 'LOCK_BUSY', `The resource is in use. ${tryAgain}`),
        },
      },
    });
    const message = `Locks are not available at the moment. ${tryAgain}`;
    expect(unavailable).toEqual({
      description: message,
      headers,
      content: {
        'application/json': {
          schema: bodyOf(503, 'Service Unavailable', 'LOCK_UNAVAILABLE', message),
        },
      },
    });
  });

  it('says what the handler really answers', async () => {
    await using _lock = await app.get(LockService).acquire('order:7');

    const response = await request(app.getHttpServer() as Parameters<typeof request>[0])
      .get('/above/7')
      .expect(409);

    const { statusCode, error, code, message } = response.body as LockErrorBody;
    expect(operation('/above/{id}')?.responses['409']).toMatchObject({
      content: { 'application/json': { schema: bodyOf(statusCode, error, code, message) } },
    });
  });

  it('says it in other words, and leaves out what a handler does not answer', () => {
    expect(descriptions('/described')).toEqual([
      ['409', 'In use'],
      ['503', 'Come back later'],
    ]);
    expect(descriptions('/available').map(([status]) => status)).toEqual(['409']);
    expect(descriptions('/skipped').map(([status]) => status)).toEqual(['503']);
  });

  it('says it of another status, where the module has one', () => {
    const { '409': usual, '423': busy } = operation('/answered')?.responses ?? {};

    expect(usual).toBeUndefined();
    expect(busy).not.toHaveProperty('headers');
    expect(busy).toMatchObject({
      content: {
        'application/json': {
          schema: { properties: { statusCode: { enum: [423] }, error: { enum: ['Locked'] } } },
        },
      },
    });
  });

  it('documents all handlers of a controller', () => {
    expect(descriptions('/all')).toContainEqual(['409', 'In use']);
  });
});
