import type { Server } from '../../redis/client/server-client.interface';
import { type InfoLines, infoLines } from '../../redis/server/info-lines';
import type { NodeClient } from '../nodes/node-client';
import { measureClock, measureLatency, type ClockReading, type Latency } from './measure';

/** What the doctor could find out about one node. */
export interface NodeFacts {
  readonly node: string;
  /** Why it could not be reached; then there is nothing else. */
  readonly error?: string;
  readonly isCluster: boolean;
  /** The node itself, or the masters of a cluster. */
  readonly servers: readonly ServerFacts[];
  /** The lines of CLUSTER INFO, for a cluster. */
  readonly cluster?: InfoLines;
  /** What the Redis user of the lock service may not do. */
  readonly refusals: readonly Refusal[];
}

export interface ServerFacts {
  /** `host:port` */
  readonly server: string;
  /** The number of the one that locks are in. */
  readonly database: number;
  /** The lines of INFO; undefined when it is refused. */
  readonly info?: InfoLines;
  /** The answer of CONFIG GET. Undefined when the server refuses it. */
  readonly appendfsync?: string;
  readonly save?: string;
  readonly latency?: Latency;
  readonly clock?: ClockReading;
}

/** Something that the library needs to do, and the server's answer. */
export interface Refusal {
  readonly what: string;
  readonly error: string;
  /** What becomes of locks without it, where they can do without. */
  readonly meaning?: string;
  /** The locks that there are none of without it, where it is not all. */
  readonly affected?: string;
}

export async function readServer(node: NodeClient, server: Server): Promise<ServerFacts> {
  const [info, appendfsync, save] = await Promise.all([
    orNothing(node.ask(() => server.send('info'))),
    orNothing(node.ask(() => server.send('config', ['GET', 'appendfsync']))),
    orNothing(node.ask(() => server.send('config', ['GET', 'save']))),
  ]);
  return {
    server: server.address,
    database: server.database,
    info: typeof info === 'string' ? infoLines(info) : undefined,
    appendfsync: settingIn(appendfsync),
    save: settingIn(save),
    // One after the other, and after the rest: they measure time.
    latency: await orNothing(measureLatency(() => node.ask(() => server.send('ping')))),
    clock: await orNothing(measureClock(() => node.ask(() => server.send('time') as Promise<unknown[]>))),
  };
}

export async function readClusterInfo(node: NodeClient): Promise<InfoLines | undefined> {
  const [server] = node.masters;
  if (server === undefined) return undefined;
  const text: unknown = await orNothing(node.ask(() => server.send('cluster', ['INFO'])));
  return typeof text === 'string' ? infoLines(text) : undefined;
}

/** The reply is a name and its value, or nothing for a setting that the server does not know or show. */
function settingIn(reply: unknown): string | undefined {
  const value = Array.isArray(reply) ? (reply as unknown[])[1] : undefined;
  return typeof value === 'string' ? value : undefined;
}

async function orNothing<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch(() => undefined);
}
