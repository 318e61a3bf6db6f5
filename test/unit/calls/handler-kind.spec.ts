import { whenLeftFor } from '../../../lib/calls/handler-kind';

const handler = (metadata: Record<string, unknown>) => {
  const method = () => undefined;
  for (const [key, value] of Object.entries(metadata)) Reflect.defineMetadata(key, value, method);
  return method;
};

describe('the Observable of a handler whose caller leaves', () => {
  const grpcCall = (call?: object) => ({ write: () => true, sendMetadata: () => undefined, call });
  const grpcStream = grpcCall({ handler: { type: 'serverStream' } });
  const route = { path: '/' };
  const message = { 'microservices:pattern': ['pay'] };

  it.each([
    ['stop', 'of server-sent events', handler({ ...route, __sse__: true }), []],
    ['finish', 'of a route', handler(route), []],
    ['finish', 'of a query of GraphQL', handler({ 'graphql:resolver_type': 'Query' }), []],
    ['finish', 'of a mutation of GraphQL', handler({ 'graphql:resolver_type': 'Mutation' }), []],
    ['stop', 'of a subscription of GraphQL', handler({ 'graphql:resolver_type': 'Subscription' }), []],
    ['finish-first', 'of a message of a microservice', handler(message), [{ id: 7 }]],
    ['finish-first', 'of a message of a gateway', handler({ 'websockets:message_mapping': true }), [{}]],
    ['stop', 'of a stream of gRPC', handler(message), [{ id: 7 }, {}, grpcStream]],
    ['stop', 'of a dialogue of gRPC', handler(message), [grpcCall({ handler: { type: 'bidi' } })]],
    [
      'stop',
      'of a stream of gRPC behind an interceptor of its server',
      handler(message),
      [grpcCall({ nextCall: { nextCall: { handler: { type: 'bidi' } } } })],
    ],
    ['finish-first', 'of a unary call of gRPC', handler(message), [grpcCall({ handler: { type: 'unary' } })]],
    [
      'finish-first',
      'of a call of gRPC that answers a stream with one value',
      handler(message),
      [grpcCall({ handler: { type: 'clientStream' } })],
    ],
    ['finish-first', 'of a call of gRPC of which nothing more is known', handler(message), [grpcCall()]],
    ['stop', 'of no handler', handler({}), [grpcStream]],
    ['stop', 'of what is not known', undefined, []],
  ] as const)('%s: %s', (whenLeft, _of, method, args) => {
    expect(whenLeftFor(method, args)).toBe(whenLeft);
  });
});
