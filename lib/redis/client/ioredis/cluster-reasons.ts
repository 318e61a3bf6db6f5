/** The messages of ioredis for a server that cannot be reached or does not answer when it is asked for the slots. */
const SAYS_NOTHING = [
  'Connection is closed.',
  'timeout',
  'Client network socket disconnected before secure TLS connection was established',
];

const WHAT_TO_LOOK_AT =
  'Check host, port and firewalls, and that both sides speak TLS or none does (`redisOptions.tls`)';

/** The reason of an error of one server of a cluster. @param address as ioredis names it */
export function reasonOfServer(error: unknown, address: unknown): unknown {
  if (!saysNothing(error)) return error;
  return new Error(`${String(address)} cannot be asked for the slots (${error.message}). ${WHAT_TO_LOOK_AT}`);
}

/** The reason of an error of the cluster. Undefined if it repeats the error of its last server. */
export function reasonOfCluster(error: unknown): unknown {
  return isObject(error) && saysNothing(error.lastNodeError) ? undefined : error;
}

function saysNothing(error: unknown): error is { message: string } {
  return isObject(error) && typeof error.message === 'string' && SAYS_NOTHING.includes(error.message);
}

function isObject(value: unknown): value is { message?: unknown; lastNodeError?: unknown } {
  return typeof value === 'object' && value !== null;
}
