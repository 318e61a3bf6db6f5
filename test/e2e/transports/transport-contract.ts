import {
  Injectable,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { map } from 'rxjs';
import { LockService, type Lock } from '../../../lib';

/** What every transport of requests and answers has handlers for, each in both orders of the decorators. */
export const LOCKED = ['above', 'below', 'interceptorAbove', 'interceptorBelow'] as const;
export const GUARDED = ['guardAbove', 'guardBelow'] as const;
export type HandlerName = (typeof LOCKED)[number] | (typeof GUARDED)[number];

export const BUSY = { code: 'LOCK_BUSY', message: 'The resource is in use. Try again later.' };
export const UNAVAILABLE = {
  code: 'LOCK_UNAVAILABLE',
  message: 'Locks are not available at the moment. Try again later.',
};

@Injectable()
export class Deny implements CanActivate {
  canActivate() {
    return false;
  }
}

/** To text, which every transport can carry. */
@Injectable()
export class Wrap implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(map((wrapped: unknown) => JSON.stringify({ wrapped })));
  }
}

/** What a handler says of the lock that it runs under, and of the parameters that it got. */
export function answerOf(
  locks: LockService,
  id: unknown,
  lock: Lock | undefined,
  signal: AbortSignal | undefined,
) {
  const current = locks.current();
  return {
    id,
    held: current?.resources,
    hasLock: lock !== undefined && lock === current,
    hasSignal: signal !== undefined && signal === current?.signal,
  };
}

export interface Transport {
  /** The answer that a client gets; rejects with the error that it sees. */
  ask(handler: HandlerName, id: string): Promise<string>;
  /** The lock service of another process that uses the same nodes. */
  locks(): LockService;
  /** Takes the nodes away, until the returned function is called. */
  failNodes(): Promise<() => Promise<void>>;
  /** Whether Nest tells the client that a guard denied it. */
  hearsOfGuards?: boolean;
}

/** What holds on every transport of requests and answers. */
export function describeLockedHandlers(transport: Transport): void {
  it.each(LOCKED)('runs %s under its lock, with its pipes, interceptors and parameters', async (handler) => {
    const answer = await transport.ask(handler, '7');

    expect(JSON.parse(answer)).toEqual({
      wrapped: { id: 7, held: ['order:7'], hasLock: true, hasSignal: true },
    });
    await (await transport.locks().acquire('order:7')).release();
  });

  const itIfHeard = transport.hearsOfGuards === false ? it.skip : it;
  itIfHeard.each(GUARDED)('keeps the guard of %s', async (handler) => {
    await expect(transport.ask(handler, '7')).rejects.toMatchObject({ message: 'Forbidden resource' });
  });

  it.each(LOCKED)('tells the client of %s that it is busy', async (handler) => {
    await using _lock = await transport.locks().acquire('order:7');

    await expect(transport.ask(handler, '7')).rejects.toMatchObject(BUSY);
  });

  it('tells the client that locks are not available', async () => {
    const repair = await transport.failNodes();

    for (const handler of LOCKED) {
      await expect(transport.ask(handler, '7')).rejects.toMatchObject(UNAVAILABLE);
    }
    await repair();
  });
}
