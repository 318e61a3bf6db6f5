import { BATCH } from '../script/batch-script';
import type { LuaScript } from '../script/lua-script';
import { ACQUIRE, EXTEND, INSPECT, LIST, RAISE_FENCE, RELEASE } from '../script/lua-scripts';
import { ACQUIRE_SET } from '../script/set-acquire';
import { EXTEND_SET, RAISE_PERMITS } from '../script/set-extend';
import { SET_BATCH } from '../script/set-batch';
import { LEAVE, RELEASE_SET } from '../script/set-release';
import type { RedisConnection } from '../server/redis-connection';
import type { RedisNodeError } from '../client/redis-node-error';
import type { Server, ServerClient } from '../client/server-client.interface';

const ALL_SCRIPTS: readonly LuaScript[] = [
  ...[ACQUIRE, EXTEND, RAISE_FENCE, RELEASE, INSPECT, LIST, BATCH],
  ...[ACQUIRE_SET, EXTEND_SET, RAISE_PERMITS, RELEASE_SET, LEAVE, SET_BATCH],
];

export interface ScriptCall {
  readonly script: LuaScript;
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
  /** Runs the script by its name. */
  send(client: ServerClient): Promise<unknown>;
  /**
   * Called when the server had forgotten the script, and so applied nothing. Returns true if the request may be
   * sent again now.
   */
  maySendAgain(): boolean;
  onReply(reply: unknown): void;
  onError(error: RedisNodeError): void;
}

/** Runs a script by its name, which is short. A server that has forgotten the script gets its text. */
export function runScript(connection: RedisConnection, call: ScriptCall): void {
  connection.ask({
    send: (client) => call.send(client),
    onReply: (reply) => {
      call.onReply(reply);
    },
    onError: (error) => {
      if (error.code === 'NOSCRIPT' && call.maySendAgain()) sendText(connection, call);
      else call.onError(error);
    },
  });
}

/**
 * Loads the scripts. Call it on every new connection, since a server that was restarted has forgotten its scripts,
 * and only when the server has let us in: see `onServerKnown`.
 */
export function loadScripts(server: Server): void {
  for (const { text } of ALL_SCRIPTS) {
    server.send('script', ['LOAD', text]).catch(() => {
      // A server that refuses gets the text with the first request that needs it.
    });
  }
}

function sendText(connection: RedisConnection, call: ScriptCall): void {
  const { script, keys, args } = call;
  connection.ask({
    send: (client) => client.send('eval', [script.text, keys.length, ...keys, ...args]),
    onReply: (reply) => {
      call.onReply(reply);
    },
    onError: (error) => {
      call.onError(error);
    },
  });
}
