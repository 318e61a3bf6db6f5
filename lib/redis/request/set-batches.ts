import type { AcquireRequest, FailedVote, ReleaseRequest } from '../../ports/lock-node.interface';
import { codeIn, RedisNodeError } from '../client/redis-node-error';
import { SET_ASKS, VOTES } from '../script/batch-codes';
import { SET_BATCH } from '../script/set-batch';
import type { RedisConnection } from '../server/redis-connection';
import type { ServerClient } from '../client/server-client.interface';
import type { BatchEncoder } from './encoded-batch';
import type { ReleasesUnderWay } from './releases-under-way';
import type { ScriptCalls } from './script-calls';

import type { SetEntry } from './batch-entry';
import { headOf, isPlain, type Run, runsOf } from './reader-runs';
import { isPerhapsOfOne, type RequestWays } from './redis-batches';
import { extendVoteFrom, releaseVoteFrom, timeFrom, unexpectedReply } from './redis-votes';
import type { SetCall, SetCalls } from './set-calls';
import { leaveVoteFrom, plainGrantFrom, setAcquireVoteFrom } from './set-votes';

export interface SetRequestsSetup {
  readonly connection: RedisConnection;
  readonly encoder: BatchEncoder;
  readonly releasesUnderWay: ReleasesUnderWay;
  readonly ways: RequestWays;
  readonly scripts: ScriptCalls;
}

/** Sends many requests for readers, permits and the line as a single command. */
export class SetBatches {
  private readonly isPrefixPlain: boolean;

  constructor(
    private readonly setup: SetRequestsSetup,
    private readonly calls: SetCalls,
  ) {
    this.isPrefixPlain = isPlain(setup.encoder.keyPrefix);
  }

  send(entries: readonly SetEntry[]): void {
    const { encoder } = this.setup;
    this.ask(
      entries,
      (client) => {
        const parts = () => this.partsOf(entries);
        return client.sendEncoded === undefined
          ? client.send('evalsha', parts())
          : client.sendEncoded('evalsha', encoder.encodeSets(entries, parts));
      },
      (error) => {
        const rest = error.code === 'NOSCRIPT' ? this.withoutReleased(entries, error) : [];
        if (rest.length > 0) this.sendText(rest);
        else if (error.code !== 'NOSCRIPT') this.failOrPart(entries, error);
      },
    );
  }

  private sendText(entries: readonly SetEntry[]): void {
    const [, ...rest] = this.partsOf(entries);
    this.ask(
      entries,
      (client) => client.send('eval', [SET_BATCH.text, ...rest]),
      (error) => {
        this.failOrPart(entries, error);
      },
    );
  }

  private ask(
    entries: readonly SetEntry[],
    send: (client: ServerClient) => Promise<unknown>,
    onError: (error: RedisNodeError) => void,
  ): void {
    const { connection, releasesUnderWay } = this.setup;
    releasesUnderWay.addBatch(entries);
    connection.ask({
      send,
      onReply: (reply) => {
        releasesUnderWay.removeBatch(entries);
        this.giveVotes(entries, reply);
      },
      onError: (error) => {
        releasesUnderWay.removeBatch(entries);
        onError(error);
      },
    });
  }

  /** The parts of an `EVALSHA`. */
  private partsOf(entries: readonly SetEntry[]): (string | number)[] {
    const { encoder } = this.setup;
    const keys: string[] = [];
    const args: string[] = [encoder.everyone];
    for (const run of runsOf(entries, this.isPrefixPlain)) {
      if (run.verb === undefined) for (const entry of run.entries) args.push(this.textOf(entry, keys));
      else {
        args.push(headOf(run, encoder.database));
        for (const { request } of run.entries) {
          keys.push(encoder.keyPrefix + (request.resources[0] as string));
          args.push(request.ownerToken);
        }
      }
    }
    return [SET_BATCH.sha, keys.length, ...keys, ...args];
  }

  /** @param keys gets the keys of the entry */
  private textOf(entry: SetEntry, keys: string[]): string {
    if (entry.letter === 'sa' && isNewcomer(entry.request))
      return this.calls.newcomerIn(keys, entry.request, entry.request.line);
    if (entry.letter === 'sr' && isWholeRelease(entry.request)) {
      const telling = entry.request.wakeWaiters ? 1 : 0;
      return this.calls.releaseIn(keys, entry.request, telling, this.setup.encoder.database);
    }
    const call = this.callOf(entry);
    keys.push(...call.keys);
    return `${VERBS[entry.letter]}${call.keys.length}\n${call.args.join('\n')}\n`;
  }

  private callOf(entry: SetEntry): SetCall {
    const { encoder } = this.setup;
    const keys = encoder.keysOf(entry);
    if (entry.letter === 'sa') return this.calls.acquire(keys, entry.request);
    if (entry.letter === 'se') return this.calls.extend(keys, entry.request);
    // Waiters at other servers of a cluster are told by requests that are sent by themselves.
    const telling = entry.request.wakeWaiters ? 1 : 0;
    if (entry.letter === 'sr') return this.calls.release(keys, entry.request, telling, encoder.database);
    return this.calls.leave(keys, entry.request, telling, encoder.database);
  }

  /** Gives each entry its vote. The last item of the reply is the time of the node. */
  private giveVotes(entries: readonly SetEntry[], reply: unknown): void {
    const replies = Array.isArray(reply) ? (reply as unknown[]) : [];
    const runs = runsOf(entries, this.isPrefixPlain);
    const micros = timeFrom(replies[runs.length]);
    const isWhole = replies.length === runs.length + 1 && micros !== undefined;
    // The time comes before the votes: if the clock has jumped, locks of other processes may have expired.
    if (isWhole) this.setup.connection.sawTime(micros);
    runs.forEach((run, n) => {
      this.giveVotesOf(run, isWhole ? replies[n] : undefined, micros ?? 0);
    });
  }

  private giveVotesOf({ entries, verb }: Run, reply: unknown, micros: number): void {
    const each = verb === undefined ? [reply] : repliesFrom(reply, entries.length);
    entries.forEach((entry, n) => {
      this.giveVote(entry, each[n], micros);
    });
  }

  private giveVote(entry: SetEntry, reply: unknown, micros: number): void {
    const failure = failureIn(reply);
    if (failure !== undefined) this.fail(entry, failure);
    else if (entry.letter === 'sa') {
      const { request } = entry;
      const plain = typeof reply === 'string';
      tell(entry.vote, plain ? plainGrantFrom(reply, micros, request) : setAcquireVoteFrom(reply, request));
    } else if (entry.letter === 'se') tell(entry.vote, extendVoteFrom(reply));
    else if (entry.letter === 'sl') tell(entry.vote, leaveVoteFrom(reply));
    else {
      const vote = releaseVoteFrom(reply);
      if (vote.kind === 'failed') this.fail(entry, vote);
      else tell(entry.vote, vote);
    }
  }

  private fail(entry: SetEntry, vote: FailedVote): void {
    if (entry.letter === 'sr') this.setup.ways.onFailedRelease(entry.request);
    tell(entry.vote as (vote: FailedVote) => void, vote);
  }

  /** The server refused the whole command before it did anything. One of the requests may be the reason. */
  private failOrPart(entries: readonly SetEntry[], error: RedisNodeError): void {
    if (!isPerhapsOfOne(error.message)) {
      for (const entry of entries) this.fail(entry, { kind: 'failed', error });
      return;
    }
    const rest = this.withoutReleased(entries, error);
    this.setup.connection.inOnePacket(() => {
      for (const entry of rest) this.setup.ways.askAlone(entry);
    });
  }

  /**
   * Fails the requests whose lease was released in the meantime, since they would put it back. Returns the others.
   */
  private withoutReleased(entries: readonly SetEntry[], { message, code }: RedisNodeError): SetEntry[] {
    const { releasesUnderWay } = this.setup;
    return entries.filter((entry) => {
      const mayGo =
        entry.letter === 'sr' || entry.letter === 'sl' || !releasesUnderWay.has(entry.request.ownerToken);
      if (!mayGo) {
        const error = new RedisNodeError(`released before it could be asked for again: ${message}`, code);
        this.fail(entry, { kind: 'failed', error });
      }
      return mayGo;
    });
  }
}

const VERBS = {
  sa: SET_ASKS.acquire,
  se: SET_ASKS.extend,
  sr: SET_ASKS.release,
  sl: SET_ASKS.leave,
} as const;

function isNewcomer(
  request: AcquireRequest,
): request is AcquireRequest & { readonly line: NonNullable<AcquireRequest['line']> } {
  const { resources, fence, limit, line } = request;
  return resources.length === 1 && fence === undefined && limit === undefined && line !== undefined;
}

function isWholeRelease({ resources, keepMs, line, turnMs }: ReleaseRequest): boolean {
  return resources.length === 1 && keepMs === undefined && line === undefined && turnMs !== undefined;
}

/** The replies of readers that were asked for together: a letter for each, or a list. */
function repliesFrom(reply: unknown, count: number): readonly unknown[] {
  if (Array.isArray(reply) && reply.length === count) return reply as unknown[];
  if (typeof reply !== 'string' || reply.length !== count) return [];
  return Array.from(reply, (letter) => (letter === '1' ? 1 : letter));
}

function failureIn(reply: unknown): FailedVote | undefined {
  if (!Array.isArray(reply) || reply[0] !== VOTES.failed) return undefined;
  const fault = typeof reply[1] === 'string' ? reply[1].trim() : '';
  if (fault === '') return unexpectedReply();
  return { kind: 'failed', error: new RedisNodeError(fault, codeIn(fault)) };
}

/** Gives an answer to a caller. If the caller throws, the others still get their answers. */
function tell<V>(vote: (vote: V) => void, answer: V): void {
  try {
    vote(answer);
  } catch {
    // There is nobody to tell.
  }
}
