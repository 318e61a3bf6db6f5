import { LINE_ENDS, LINES } from '../../core/reserved-names';
import { idInLine, modeOf } from '../../ports/lock-mode';
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
import { besideKey } from './beside-key';
import { fenceArguments } from './encoded-batch';
import { wholeMs } from './whole-ms';

type Keys = readonly string[];
type Request = AcquireRequest | ExtendRequest | RaiseFenceRequest | ReleaseRequest | LeaveRequest;

/** A script, and what it is called with. */
export interface SetCall {
  readonly script: LuaScript;
  readonly keys: Keys;
  readonly args: readonly (string | number)[];
}

/** Whether a request is for readers, permits or the line. All others go as they always did. */
export function isForSets(
  request: Pick<AcquireRequest, 'limit'> & Pick<ReleaseRequest, 'shared' | 'slots' | 'line' | 'turnMs'>,
): boolean {
  const { shared, limit, slots, line, turnMs } = request;
  const isPlain = limit === undefined && slots === undefined && line === undefined && turnMs === undefined;
  return !isPlain || (shared !== undefined && shared.length > 0);
}

/** The requests for readers, permits and the line as calls of scripts, for keys that one server can take together. */
export class SetCalls {
  constructor(
    private readonly keyPrefix: string,
    /** The fencing counter of a key. */
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
   * What {@link acquire} gives for a newcomer: the text that a batch takes for it. Its keys are added to `keys`.
   *
   * Most requests in a batch are so, and the lists of arguments would be a large part of what they cost.
   */
  newcomerIn(keys: string[], request: AcquireRequest, line: LineEntry): string {
    const { ownerToken, replaces = '' } = request;
    const mode = this.addOne(keys, request);
    const entry = `${idInLine(line)}\n${line.ticket ?? ''}\n${wholeMs(line.entryMs)}`;
    return `${SET_ASKS.acquireOne}3\n${mode}\n${ownerToken}\n${wholeMs(request.ttlMs)}\n${replaces}\n1\n${entry}\n\n\n\n\n\n`;
  }

  /** What {@link release} gives for all of a hold that several may have, in the same form. */
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
    return LETTERS[modeOf(resource, request)];
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

  /** Of permits; that of an exclusive hold goes as it always did. */
  raiseFence(key: string, { ownerToken, fence, keepMs, slots = [] }: RaiseFenceRequest): SetCall {
    return {
      script: RAISE_PERMITS,
      keys: [key, this.counterOf(key)],
      args: [ownerToken, fence, wholeMs(keepMs), slots.join(',')],
    };
  }

  /** @param telling 0: nobody; 1: those at this server; 2: everywhere */
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
        // Nobody comes back without a ticket.
        line === undefined || ticket === undefined ? '' : idInLine(line),
        permits,
        ticket ?? '',
        wholeMs(entryMs),
        turnMs === undefined ? 0 : wholeMs(turnMs),
      ],
    };
  }

  /** @param telling 0: nobody; 1: those at this server; 2: everywhere */
  leave(keys: Keys, request: LeaveRequest, telling: 0 | 1 | 2, database: number): SetCall {
    const { ownerToken, line } = request;
    return {
      script: LEAVE,
      keys: withLines(keys),
      args: [this.modesOf(keys, request), ownerToken, telling, database, idInLine(line), line.permits ?? ''],
    };
  }

  /** x exclusive, s shared, p permits: a letter per key. */
  private modesOf(keys: Keys, request: Request): string {
    const from = this.keyPrefix.length;
    return keys.map((key) => LETTERS[modeOf(key.slice(from), request)]).join('');
  }
}

const LETTERS = { exclusive: 'x', shared: 's', limited: 'p' } as const;

/** Where the line of a key keeps how long its entries last. */
export function lineEndsOf(key: string): string {
  return besideKey(LINE_ENDS, key);
}

/** The keys, the line of each, and where it keeps how long its entries last. */
function withLines(keys: Keys): Keys {
  return [...keys, ...keys.map((key) => besideKey(LINES, key)), ...keys.map(lineEndsOf)];
}
