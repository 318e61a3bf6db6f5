import type { FailedVote } from '../../ports/lock-node.interface';
import type { LuaScript } from '../script/lua-script';
import type { RedisConnection } from '../server/redis-connection';
import type { CommandClient } from '../server/redis-connection-setup';
import type { BatchEncoder } from './encoded-batch';
import { runScript } from './script-runner';

/** Scripts and commands that go by themselves, each for one request. */
export class ScriptCalls {
  constructor(
    private readonly connection: RedisConnection,
    private readonly encoder: BatchEncoder,
  ) {}

  run<T>(
    script: LuaScript,
    keys: readonly string[],
    args: readonly (string | number)[],
    maySendAgain: () => boolean,
    read: (reply: unknown) => T | FailedVote,
    done: (answer: T | FailedVote) => void,
    /** That all nodes are asked, with the same keys. */
    request?: object,
  ): void {
    runScript(this.connection, {
      script,
      keys,
      args,
      send: (client) =>
        request === undefined || client.isCluster || this.connection.hasSlots
          ? client.evalsha(script.sha, keys.length, ...keys, ...args)
          : this.sendAlone(client, request, 'evalsha', () => [script.sha, keys.length, ...keys, ...args]),
      maySendAgain,
      onReply: (reply) => {
        done(read(reply));
      },
      onError: (error) => {
        done({ kind: 'failed', error });
      },
    });
  }

  /** Encoded once for all nodes that are asked the same. Only a single server takes bytes as they are. */
  sendAlone(
    client: CommandClient,
    request: object,
    name: string,
    parts: () => readonly (string | number)[],
  ): Promise<unknown> {
    return client.sendCommand(this.encoder.encodeAlone(request, name, parts)) as Promise<unknown>;
  }
}
