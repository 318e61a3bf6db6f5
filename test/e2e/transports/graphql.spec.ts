import { ParseIntPipe, UseGuards, UseInterceptors, type INestApplication } from '@nestjs/common';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Args, GraphQLModule, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { CurrentLock, LockInterceptor, Locked, LockService, LockSignal, type Lock } from '../../../lib';
import { MemoryMasters } from './memory-masters';
import { answerOf, Deny, describeLockedHandlers, Wrap } from './transport-contract';

const NOW = { wait: 0 };

@Resolver()
class OrderResolver {
  constructor(private readonly locks: LockService) {}

  @Query(() => String)
  @UseInterceptors(Wrap)
  @Locked('order:<0>', NOW)
  async above(
    @Args('id', { type: () => String }, ParseIntPipe) id: number,
    @CurrentLock() lock: Lock,
    @LockSignal() signal: AbortSignal,
  ) {
    return Promise.resolve(answerOf(this.locks, id, lock, signal));
  }

  @Locked('order:<0>', NOW)
  @UseInterceptors(Wrap)
  @Mutation(() => String)
  async below(
    @Args('id', { type: () => String }, ParseIntPipe) id: number,
    @CurrentLock() lock: Lock,
    @LockSignal() signal: AbortSignal,
  ) {
    return Promise.resolve(answerOf(this.locks, id, lock, signal));
  }

  @UseInterceptors(LockInterceptor('order:<1.id>', NOW), Wrap)
  @Mutation(() => String)
  interceptorAbove(
    @Args('id', { type: () => String }, ParseIntPipe) id: number,
    @CurrentLock() lock: Lock,
    @LockSignal() signal: AbortSignal,
  ) {
    return answerOf(this.locks, id, lock, signal);
  }

  @Query(() => String)
  @UseInterceptors(LockInterceptor('order:<1.id>', NOW), Wrap)
  interceptorBelow(
    @Args('id', { type: () => String }, ParseIntPipe) id: number,
    @CurrentLock() lock: Lock,
    @LockSignal() signal: AbortSignal,
  ) {
    return answerOf(this.locks, id, lock, signal);
  }

  @Query(() => String)
  @UseGuards(Deny)
  @Locked('guarded', NOW)
  async guardAbove(@Args('id') _id: string) {
    return Promise.resolve('ran');
  }

  @Locked('guarded', NOW)
  @UseGuards(Deny)
  @Mutation(() => String)
  async guardBelow(@Args('id') _id: string) {
    return Promise.resolve('ran');
  }
}

interface GraphQLAnswer {
  data: Record<string, string> | null;
  errors?: { message: string; path: string[]; extensions: { code: string } }[];
}

describe('locks in resolvers of GraphQL, on Apollo', () => {
  const masters = new MemoryMasters();
  const mutations = ['below', 'interceptorAbove', 'guardBelow'];
  let app: INestApplication;

  beforeAll(async () => {
    const module = await Test.createTestingModule({
      imports: [
        masters.module(),
        GraphQLModule.forRoot<ApolloDriverConfig>({ driver: ApolloDriver, autoSchemaFile: true }),
      ],
      providers: [OrderResolver],
    }).compile();
    app = module.createNestApplication();
    app.useLogger(false);
    await app.listen(0, '127.0.0.1');
  });

  afterAll(async () => {
    await app.close();
  });

  async function post(field: string, id: string): Promise<GraphQLAnswer> {
    const operation = mutations.includes(field) ? 'mutation' : 'query';
    const response = await request(app.getHttpServer() as Parameters<typeof request>[0])
      .post('/graphql')
      .send({ query: `${operation} { ${field}(id: "${id}") }` });
    return response.body as GraphQLAnswer;
  }

  describeLockedHandlers({
    async ask(field, id) {
      const { data, errors: [error] = [] } = await post(field, id);
      // oxlint-disable-next-line typescript/only-throw-error -- as the client sees it
      if (error !== undefined) throw { message: error.message, code: error.extensions.code };
      return data?.[field] ?? '';
    },
    locks: () => app.get(LockService),
    failNodes: () => masters.fail(),
  });

  it('answers with an error at its field, that names no resource', async () => {
    await using _lock = await app.get(LockService).acquire('order:7');

    const { data, errors } = await post('above', '7');

    expect(data).toBeNull();
    expect(errors).toEqual([
      expect.objectContaining({ message: 'The resource is in use. Try again later.', path: ['above'] }),
    ]);
    expect(JSON.stringify(errors)).not.toContain('order:7');
  });
});
