import type { ExecutionContext } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import { types } from 'node:util';
import { isObservable, lastValueFrom } from 'rxjs';
import { answersItself, isRendered } from './route-metadata';
import { SseHead } from './sse-head';

/** A response of Express or Fastify. */
interface Response {
  /** On Fastify, the response of Node. The response of Express is one itself. */
  readonly raw?: ServerResponse;
  header?(name: string, value: string): unknown;
  json?(body: unknown): unknown;
  send?(body?: unknown): unknown;
}

/** The header of an answer without the handler: `onBusy` or `onUnavailable` gave the result. */
const SKIPPED_HEADER = 'Lock-Skipped';

/** A request over HTTP and its response, as far as a lock around the handler has to know them. */
export class HttpExchange {
  private constructor(
    private readonly context: ExecutionContext,
    private readonly response: Response,
    private readonly raw: ServerResponse,
  ) {}

  /** The exchange of a context. Undefined on other transports, and if the response cannot be watched. */
  static of(context: ExecutionContext): HttpExchange | undefined {
    if (context.getType() !== 'http') return undefined;
    const response = context.switchToHttp().getResponse<Response | undefined>();
    const raw = response?.raw ?? (response as unknown as Partial<ServerResponse> | undefined);
    return typeof raw?.once === 'function'
      ? new HttpExchange(context, response as Response, raw as ServerResponse)
      : undefined;
  }

  /** True if the response is a stream of server-sent events. */
  get sendsEvents(): boolean {
    return SseHead.isOf(this.raw);
  }

  /** The head of a response that is held back until the lock is there. */
  get head(): SseHead | undefined {
    return SseHead.of(this.raw);
  }

  /** Calls `onGone` when the client leaves before it has its answer; at once if it has left already. */
  watch(onGone: () => void): void {
    const { raw } = this;
    if (hasFinished(raw)) return;
    if (isClosed(raw)) {
      onGone();
      return;
    }
    raw.once('close', () => {
      if (!hasFinished(raw)) onGone();
    });
  }

  /**
   * The end of the response: it has finished, or its connection is closed. Undefined if the handler is done with
   * `outcome`, and Nest sends that.
   */
  over(outcome: { readonly result: unknown } | undefined): Promise<void> | undefined {
    const { raw } = this;
    if (hasFinished(raw) || isClosed(raw)) return undefined;
    const isUnderWay = raw.headersSent || (outcome !== undefined && this.isStillToCome(outcome.result));
    if (!isUnderWay) return undefined;
    return new Promise((resolve) => {
      raw.once('finish', resolve);
      raw.once('close', resolve);
    });
  }

  /**
   * Answers a request whose handler did not run, and sets the header that says so.
   *
   * @returns the body; Nest sends it if the handler does not answer by itself
   */
  async skip(body: unknown): Promise<unknown> {
    const { response, raw } = this;
    if (raw.headersSent || isClosed(raw)) return body;
    response.header?.(SKIPPED_HEADER, 'true');
    if (answersItself(this.context)) {
      if (isObservable(body)) return this.skip(await lastValueFrom(body, { defaultValue: undefined }));
      if (typeof body === 'object' && body !== null && typeof response.json === 'function')
        response.json(body);
      else response.send?.(typeof body === 'number' || typeof body === 'boolean' ? String(body) : body);
    }
    return body;
  }

  private isStillToCome(result: unknown): boolean {
    return answersItself(this.context) || isRendered(this.context) || isSource(result) || wrapsSource(result);
  }
}

/**
 * Tells if the response has finished. Over HTTP/2, a response whose client has cancelled it counts as finished
 * too, although nobody has ended it.
 */
function hasFinished(raw: ServerResponse): boolean {
  return raw.writableFinished && raw.writableEnded;
}

function isClosed(raw: ServerResponse): boolean {
  if (raw.destroyed || raw.closed || raw.socket?.destroyed === true) return true;
  // The response of HTTP/2 has none of the three fields after its end.
  const { stream } = raw as unknown as Partial<Http2ServerResponse>;
  return stream?.closed === true;
}

/**
 * Tells if Nest reads the result while it sends it: a `StreamableFile`, streams of Node and of the web, a web
 * `Response`, an iterable.
 */
function isSource(result: unknown): boolean {
  if (typeof result !== 'object' || result === null) return false;
  const { getStream, pipe, getReader, body } = result as Record<string, unknown>;
  return (
    [getStream, pipe, getReader].some((method) => typeof method === 'function') ||
    typeof (body as { getReader?: unknown } | null | undefined)?.getReader === 'function' ||
    Symbol.asyncIterator in result
  );
}

/**
 * Tells if the result is a plain object with a source in it, as an interceptor makes it (`{ data: stream }`). From 12
 * on, Nest sends the source, if the handler returned one. Otherwise it sends the object, which is over soon.
 */
function wrapsSource(result: unknown): boolean {
  if (typeof result !== 'object' || result === null || types.isProxy(result)) return false;
  const prototype = Object.getPrototypeOf(result) as object | null;
  if (prototype !== null && prototype !== Object.prototype) return false;
  return Object.values(Object.getOwnPropertyDescriptors(result)).some(({ value }) => isSource(value));
}
