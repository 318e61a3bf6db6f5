import { LINE_ENDS, LINES } from '../../ports/reserved-names';
import { idInLine, MODE_LETTERS, modeOf } from '../../ports/lock-mode';
import type {
  AcquireRequest,
  ExtendRequest,
  LeaveRequest,
  LineEntry,
  RaiseFenceRequest,
  ReleaseRequest,
} from '../../ports/lock-node.interface';
import { SET_ASKS } from '../script/batch-codes';
import type { LuaScript } from '../script/lua-script';
import { ACQUIRE_SET } from '../script/set-acquire';
import { EXTEND_SET, RAISE_PERMITS } from '../script/set-extend';
import { LEAVE, RELEASE_SET } from '../script/set-release';
import { besideKey } from '../script/beside-key';
import { fenceArguments } from './encoded-batch';
import { wholeMs } from './resp';

type Keys = readonly string[];
type Request = AcquireRequest | ExtendRequest | RaiseFenceRequest | ReleaseRequest | LeaveRequest;

/** A script with its keys and arguments. */
export interface SetCall {
  readonly script: LuaScript;
  readonly keys: Keys;
  readonly args: readonly (string | number)[];
}

/**
 * Makes script calls of the requests for readers, permits and the line, for keys that one server can take
 * together.
 */
export class SetCalls {
  constructor(
    private readonly keyPrefix: string,
    /** Returns the fencing counter of a key. */
    private readonly counterOf: (key: string) => string,
  ) {}

  acquire(keys: Keys, request: AcquireRequest): SetCall {
    const { ownerToken, replaces = '', askHolderTtl, fence, limit, line } = request;
    return {
      script: ACQUIRE_SET,
      keys: [
        ...(line === undefined ? keys : withLines(keys)),
        ...(fence === undefined ? [] : keys.map((key) => this.counterOf(key))),
      ],
      args: [
        this.modesOf(keys, request),
        ownerToken,
        wholeMs(request.ttlMs),
        replaces,
        askHolderTtl || line !== undefined ? '1' : '0',
        line === undefined ? '' : idInLine(line),
        line?.ticket ?? '',
        wholeMs(line?.entryMs ?? 1),
        ...(limit === undefined
          ? ['', '', '', '', '']
          : [limit.limit, limit.permits, limit.start, limit.exact?.join(',') ?? '', limit.swap ? '1' : '0']),
        ...fenceArguments(fence),
      ],
    };
  }

  /**
   * Makes the text of a newcomer's {@link acquire} in a batch, and adds its keys to `keys`.
   *
   * Most requests in a batch are like this. Lists of arguments would be a large part of what they cost.
   */
  newcomerIn(keys: string[], request: AcquireRequest, line: LineEntry): string {
    const { ownerToken, replaces = '' } = request;
    const mode = this.addOne(keys, request);
    const entry = `${idInLine(line)}\n${line.ticket ?? ''}\n${wholeMs(line.entryMs)}`;
    return `${SET_ASKS.acquireOne}3\n${mode}\n${ownerToken}\n${wholeMs(request.ttlMs)}\n${replaces}\n1\n${entry}\n\n\n\n\n\n`;
  }

  /** Makes the text of a {@link release} of everything that the token has, in the same form. */
  releaseIn(keys: string[], request: ReleaseRequest, telling: 0 | 1, database: number): string {
    const { ownerToken, slots = [], turnMs = 0 } = request;
    const mode = this.addOne(keys, request);
    const which = slots === 'all' ? '*' : slots.join(',');
    return `${SET_ASKS.releaseOne}3\n${mode}\n${ownerToken}\n${telling}\n${database}\n0\n${which}\n\n\n\n1\n${wholeMs(turnMs)}\n`;
  }

  private addOne(keys: string[], request: AcquireRequest | ReleaseRequest): string {
    const resource = request.resources[0] as string;
    const key = this.keyPrefix + resource;
    keys.push(key, besideKey(LINES, key), lineEndsOf(key));
    return MODE_LETTERS[modeOf(resource, request)];
  }

  extend(keys: Keys, request: ExtendRequest): SetCall {
    const { ownerToken, ttlMs, replaces = '', putsBack = true, slots = [] } = request;
    const modes = this.modesOf(keys, request);
    return {
      script: EXTEND_SET,
      keys,
      args: [modes, ownerToken, wholeMs(ttlMs), replaces, putsBack ? '0' : '1', slots.join(',')],
    };
  }

  /** Raises the counter of permits. Exclusive locks use `RAISE_FENCE`. */
  raiseFence(key: string, { ownerToken, fence, keepMs, slots = [] }: RaiseFenceRequest): SetCall {
    return {
      script: RAISE_PERMITS,
      keys: [key, this.counterOf(key)],
      args: [ownerToken, fence, wholeMs(keepMs), slots.join(',')],
    };
  }

  /** @param telling 0: nobody is told; 1: the waiters at this server; 2: the waiters at all servers */
  release(keys: Keys, request: ReleaseRequest, telling: 0 | 1 | 2, database: number): SetCall {
    const { ownerToken, keepMs, slots = [], line, turnMs } = request;
    const { permits = '', ticket, entryMs = 1 } = line ?? {};
    return {
      script: RELEASE_SET,
      keys: line === undefined && turnMs === undefined ? keys : withLines(keys),
      args: [
        this.modesOf(keys, request),
        ownerToken,
        telling,
        database,
        keepMs === undefined ? 0 : wholeMs(keepMs),
        slots === 'all' ? '*' : slots.join(','),
        // A caller without a ticket has no place to get back.
        line === undefined || ticket === undefined ? '' : idInLine(line),
        permits,
        ticket ?? '',
        wholeMs(entryMs),
        turnMs === undefined ? 0 : wholeMs(turnMs),
      ],
    };
  }

  /** @param telling 0: nobody is told; 1: the waiters at this server; 2: the waiters at all servers */
  leave(keys: Keys, request: LeaveRequest, telling: 0 | 1 | 2, database: number): SetCall {
    const { ownerToken, line } = request;
    return {
      script: LEAVE,
      keys: withLines(keys),
      args: [this.modesOf(keys, request), ownerToken, telling, database, idInLine(line), line.permits ?? ''],
    };
  }

  /** The modes as text, a letter per key: x exclusive, s shared, p permits. */
  private modesOf(keys: Keys, request: Request): string {
    const from = this.keyPrefix.length;
    return keys.map((key) => MODE_LETTERS[modeOf(key.slice(from), request)]).join('');
  }
}

/** The key where the line of a key keeps the ends of its entries. */
export function lineEndsOf(key: string): string {
  return besideKey(LINE_ENDS, key);
}

/** The keys, then the line of each, then the key with the ends of its entries. */
function withLines(keys: Keys): Keys {
  return [...keys, ...keys.map((key) => besideKey(LINES, key)), ...keys.map(lineEndsOf)];
}
