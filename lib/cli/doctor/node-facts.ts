import type { Server } from '../../redis/client/server-client.interface';
import { type InfoLines, infoLines } from '../../redis/server/info-lines';
import type { NodeClient } from '../nodes/node-client';
import { measureClock, measureLatency, type ClockReading, type Latency } from './measure';

/** The facts that the doctor found out about one node. */
export interface NodeFacts {
  readonly node: string;
  /** The reason why it could not be reached. Then all other facts are missing. */
  readonly error?: string;
  readonly isCluster: boolean;
  /** The node itself, or the masters of a cluster. */
  readonly servers: readonly ServerFacts[];
  /** The lines of CLUSTER INFO, for a cluster. */
  readonly cluster?: InfoLines;
  /** The refused actions that the lock service needs. */
  readonly refusals: readonly Refusal[];
}

export interface ServerFacts {
  /** The address: `host:port` */
  readonly server: string;
  /** The number of the database with the locks. */
  readonly database: number;
  /** The lines of INFO. Undefined if it is refused. */
  readonly info?: InfoLines;
  /** The answer of CONFIG GET. Undefined when the server refuses it. */
  readonly appendfsync?: string;
  readonly save?: string;
  readonly latency?: Latency;
  readonly clock?: ClockReading;
}

/** An action that the library needs, and the server's refusal. */
export interface Refusal {
  readonly what: string;
  readonly error: string;
  /** The consequence for locks, if they are possible without it. */
  readonly meaning?: string;
  /** The locks that are impossible without it, if not all are. */
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
    // These run one after the other, and after the rest, since they measure time.
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

/**
 * The value of a setting. The reply is a name and a value, or nothing if the server does not know the setting or
 * does not show it.
 */
function settingIn(reply: unknown): string | undefined {
  const value = Array.isArray(reply) ? (reply as unknown[])[1] : undefined;
  return typeof value === 'string' ? value : undefined;
}

async function orNothing<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch(() => undefined);
}
