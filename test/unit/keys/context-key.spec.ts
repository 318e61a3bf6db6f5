import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host';
import type { ContextType } from '@nestjs/common';
import { LockKeyError } from '../../../lib/errors/lock-key.error';
import { contextKeySource } from '../../../lib/keys/context-key';
import { compileLockKey } from '../../../lib/keys/lock-key';

function contextOf(args: unknown[], type: ContextType = 'http') {
  const context = new ExecutionContextHost(args);
  context.setType(type);
  return context;
}

const request = {
  params: { id: '7' },
  query: { page: 2 },
  body: { order: { id: 'a b' } },
  headers: { 'x-tenant': 'acme' },
  user: { id: 'u1' },
};

describe('a key of LockInterceptor', () => {
  it.each([
    ['order:<params.id>', 'order:7'],
    ['list:<query.page>', 'list:2'],
    ['order:<body.order.id>', 'order:a%20b'],
    ['tenant:<headers.x-tenant>', 'tenant:acme'],
    ['tenant:<headers.X-Tenant>', 'tenant:acme'],
    ['user:<user.id>', 'user:u1'],
    ['order:<0.params.id>', 'order:7'],
  ])('%j is read from the HTTP request', (template, resource) => {
    expect(compileLockKey(template, contextKeySource)(contextOf([request]))).toBe(resource);
  });

  it('reads the arguments of the context on other transports', () => {
    const resolve = compileLockKey(['order:<0.id>', 'by:<1.name>'], contextKeySource);

    expect(resolve(contextOf([{ id: 7 }, { name: 'ann' }], 'rpc'))).toEqual(['order:7', 'by:ann']);
  });

  it('does not take a message for a request', () => {
    const resolve = compileLockKey('order:<params.id>', contextKeySource);

    expect(() => resolve(contextOf([request], 'rpc'))).toThrow('<params.id> is undefined');
  });

  it('that is a function gets the context', () => {
    const resolve = compileLockKey((context: ExecutionContextHost) => context.getType(), contextKeySource);

    expect(resolve(contextOf([request]))).toBe('http');
  });

  it.each([
    ['order:<id>', 'A placeholder starts with params, query, body, headers or user'],
    ['order:<this.id>', 'A placeholder starts with params'],
    ['order:<params>', 'Name a property of it, as in "<params.id>"'],
    ['order:<headers>', 'Name a property of it, as in "<headers.id>"'],
  ])('%j is refused', (template, problem) => {
    expect(() => compileLockKey(template, contextKeySource)).toThrow(LockKeyError);
    expect(() => compileLockKey(template, contextKeySource)).toThrow(problem);
  });

  it('refuses what the request does not have, and headers of no request', () => {
    expect(() => compileLockKey('u:<user.id>', contextKeySource)(contextOf([{}]))).toThrow(
      '<user.id> is undefined',
    );
    expect(() => compileLockKey('u:<headers.x>', contextKeySource)(contextOf([{}]))).toThrow(LockKeyError);
  });
});
