import type { FailedVote } from '../../ports/lock-node.interface';
import type { LuaScript } from '../script/lua-script';
import type { RedisConnection } from '../server/redis-connection';
import type { BatchEncoder } from './encoded-batch';
import { runScript } from './script-runner';

/** Sends scripts and commands by themselves, each for one request. */
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
    /** The request that all nodes get, with the same keys. */
    request?: object,
  ): void {
    runScript(this.connection, {
      script,
      keys,
      args,
      send: (client) => {
        const parts = () => [script.sha, keys.length, ...keys, ...args];
        return request === undefined || client.sendEncoded === undefined || this.connection.hasSlots
          ? client.send('evalsha', parts())
          : client.sendEncoded('evalsha', this.encoder.encodeAlone(request, 'evalsha', parts));
      },
      maySendAgain,
      onReply: (reply) => {
        done(read(reply));
      },
      onError: (error) => {
        done({ kind: 'failed', error });
      },
    });
  }
}
