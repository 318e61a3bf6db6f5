/** All that ioredis says when the server that it asks for the slots cannot be reached, or does not answer. */
const SAYS_NOTHING = [
  'Connection is closed.',
  'timeout',
  'Client network socket disconnected before secure TLS connection was established',
];

const WHAT_TO_LOOK_AT =
  'Look at host, port and firewalls; or one side speaks TLS and the other does not (`redisOptions.tls`)';

/** What a server of a cluster has come to. @param address as ioredis names it */
export function reasonOfServer(error: unknown, address: unknown): unknown {
  if (!saysNothing(error)) return error;
  return new Error(`${String(address)} cannot be asked for the slots (${error.message}). ${WHAT_TO_LOOK_AT}`);
}

/** What the cluster has come to; undefined where it repeats what was told of its last server. */
export function reasonOfCluster(error: unknown): unknown {
  return isObject(error) && saysNothing(error.lastNodeError) ? undefined : error;
}

function saysNothing(error: unknown): error is { message: string } {
  return isObject(error) && typeof error.message === 'string' && SAYS_NOTHING.includes(error.message);
}

function isObject(value: unknown): value is { message?: unknown; lastNodeError?: unknown } {
  return typeof value === 'object' && value !== null;
}
