import { Logger, type ArgumentsHost } from '@nestjs/common';
import { HttpAdapterHost, type AbstractHttpAdapter } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host';
import { isObservable, lastValueFrom, type Observable } from 'rxjs';
import {
  LockBusyError,
  LockExceptionFilter,
  LockLostError,
  LockUnavailableError,
  type LockError,
} from '../../../../lib';
import { completeAnswers } from '../../../../lib/nest/filters/lock-answers';

const resources = ['order:7'];
const busy = new LockBusyError({ resources, waitedMs: 1 });
const unavailable = new LockUnavailableError({ resources, waitedMs: 1, votes: [] });
const lost = new LockLostError({ resources, reason: 'expired' });

describe('LockExceptionFilter', () => {
  const adapter = {
    isHeadersSent: jest.fn(() => false),
    setHeader: jest.fn(),
    reply: jest.fn(),
    end: jest.fn(),
  };
  const adapterHost = new HttpAdapterHost();
  adapterHost.httpAdapter = adapter as unknown as AbstractHttpAdapter;
  const filter = new LockExceptionFilter(adapterHost);
  const log = jest.spyOn(Logger.prototype, 'error').mockImplementation();

  beforeEach(() => {
    jest.clearAllMocks();
  });

  afterAll(() => {
    log.mockRestore();
  });

  const hostOf = (type: string, ...args: unknown[]): ArgumentsHost => {
    const host = new ExecutionContextHost(args);
    host.setType(type);
    return host;
  };
  const response = {};
  const http = () => hostOf('http', {}, response);

  it('answers HTTP through the adapter, whichever it is', () => {
    filter.catch(busy, http());

    expect(adapter.reply).toHaveBeenCalledWith(
      response,
      {
        statusCode: 409,
        error: 'Conflict',
        code: 'LOCK_BUSY',
        message: 'The resource is in use. Try again later.',
      },
      409,
    );
  });

  it.each<[number, LockError]>([
    [409, busy],
    [503, unavailable],
  ])('tells an HTTP client when to come back after a %i', (status, error) => {
    filter.catch(error, http());

    expect(adapter.setHeader).toHaveBeenCalledWith(response, 'Retry-After', '1');
    expect(adapter.reply).toHaveBeenCalledWith(
      response,
      expect.objectContaining({ statusCode: status }),
      status,
    );
  });

  it('does not tell when to come back after a fault', () => {
    filter.catch(lost, http());

    expect(adapter.setHeader).not.toHaveBeenCalled();
  });

  it('answers as its module says, a part of a second as a whole one', () => {
    const told = completeAnswers({ busy: { statusCode: 423, message: 'Wait', retryAfter: 1_500 } });

    new LockExceptionFilter(adapterHost, told).catch(busy, http());

    expect(adapter.setHeader).toHaveBeenCalledWith(response, 'Retry-After', '2');
    expect(adapter.reply).toHaveBeenCalledWith(
      response,
      { statusCode: 423, error: 'Locked', code: 'LOCK_BUSY', message: 'Wait' },
      423,
    );
  });

  it('ends a response that has begun', () => {
    adapter.isHeadersSent.mockReturnValueOnce(true);

    filter.catch(lost, http());

    expect(adapter.end).toHaveBeenCalledWith(response);
    expect(adapter.reply).not.toHaveBeenCalled();
  });

  it('logs nothing for a busy lock, and any other error once', () => {
    filter.catch(busy, http());
    expect(log).not.toHaveBeenCalled();

    filter.catch(unavailable, http());
    expect(log.mock.calls).toEqual([[unavailable.message, unavailable.stack]]);
  });

  it('answers an RPC with a stream that fails', async () => {
    const answer = filter.catch(busy, hostOf('rpc', {}, {}));

    expect(isObservable(answer)).toBe(true);
    await expect(lastValueFrom(answer as Observable<unknown>)).rejects.toEqual({
      status: 'error',
      code: 'LOCK_BUSY',
      message: 'The resource is in use. Try again later.',
    });
  });

  it('tells a WebSocket which message failed: by an event of socket.io, by a message of ws', () => {
    const message = {
      status: 'error',
      code: 'LOCK_BUSY',
      message: 'The resource is in use. Try again later.',
      cause: { pattern: 'pay', data: { id: 7 } },
    };
    const socketIo = { emit: jest.fn() };
    const ws = { emit: jest.fn(), send: jest.fn(), readyState: 1 };

    filter.catch(busy, hostOf('ws', socketIo, { id: 7 }, 'pay'));
    filter.catch(busy, hostOf('ws', ws, { id: 7 }, 'pay'));

    expect(socketIo.emit).toHaveBeenCalledWith('exception', message);
    expect(ws.emit).not.toHaveBeenCalled();
    expect(ws.send).toHaveBeenCalledWith(JSON.stringify({ event: 'exception', data: message }));
  });

  it('returns an error with the code for GraphQL to report', () => {
    expect(filter.catch(busy, hostOf('graphql'))).toMatchObject({
      message: 'The resource is in use. Try again later.',
      extensions: { code: 'LOCK_BUSY' },
      cause: busy,
    });
  });

  it('throws the error on where it does not know how to answer', () => {
    expect(() => filter.catch(busy as LockError, hostOf('telegram'))).toThrow(busy);
  });
});
