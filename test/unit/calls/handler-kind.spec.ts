import { whenLeftFor } from '../../../lib/calls/handler-kind';

const handler = (metadata: Record<string, unknown>) => {
  const method = () => undefined;
  for (const [key, value] of Object.entries(metadata)) Reflect.defineMetadata(key, value, method);
  return method;
};

describe('the Observable of a handler whose caller leaves', () => {
  const grpcStream = { write: () => true, sendMetadata: () => undefined };
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
    ['stop', 'of no handler', handler({}), [grpcStream]],
    ['stop', 'of what is not known', undefined, []],
  ] as const)('%s: %s', (whenLeft, _of, method, args) => {
    expect(whenLeftFor(method, args)).toBe(whenLeft);
  });
});
