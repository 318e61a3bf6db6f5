import { Observable } from 'rxjs';
import { methodKind } from '../../../lib/calls/method-kind';

/** Somebody's class that can be subscribed to and is no stream, such as a channel of messages. */
class Channel {
  subscribe(): void {
    // Nothing to hear.
  }
}

/** What `emitDecoratorMetadata` writes down. */
function kindOf(method: object, returnType?: unknown): string {
  const target = {};
  if (returnType !== undefined) Reflect.defineMetadata('design:returntype', returnType, target, 'method');
  return methodKind(target, 'method', method);
}

describe('what a call of a locked method comes to', () => {
  it.each([
    ['promise', 'a function of unknown type', () => 1, undefined],
    ['promise', 'an async function', async () => Promise.resolve(1), Promise],
    ['promise', 'a function that gives a promise', () => 1, Promise],
    ['promise', 'one that gives what can be subscribed to, and piped nowhere', () => 1, Channel],
    ['observable', 'one that gives an Observable', () => 1, Observable],
    ['async-generator', 'an async generator', async function* () {}, Object],
  ])('is a %s for %s', (kind, _what, method, returnType) => {
    expect(kindOf(method, returnType)).toBe(kind);
  });
});
