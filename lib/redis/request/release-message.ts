/**
 * The channel to which every waiter for any key of this prefix is subscribed. A release of many keys looks at this
 * one channel first. The channel has the name of the key of the empty resource, so it belongs to no lock.
 */
export function channelOfAll(keyPrefix: string): string {
  return keyPrefix;
}

/**
 * The channels to which a waiter for a key in a database subscribes. Servers have the same channels for all
 * databases. So waiters in another database than 0 subscribe to two more, and a release can count the waiters of
 * its own database.
 */
export function channelsIn(database: number, channel: string): readonly [ofKey: string, ...places: string[]] {
  return database === 0 ? [channel] : [channel, `${channel}\n@`, `${channel}\n@${database}`];
}

/**
 * The channel on which a process hears that it is the turn of one of its callers in line, for all keys. The id of
 * each place begins with the name of the process, up to a dot.
 */
export function channelOfTurns(keyPrefix: string, inLineAs: string): string {
  return `${keyPrefix}${TURNS}${inLineAs.slice(0, inLineAs.indexOf('.'))}`;
}

/** Tells whose turn it is after a release, and at which key. */
export interface Turn {
  readonly ownerToken: string;
  readonly inLineAs: string;
  readonly key: string;
}

/** Reads a message of a channel of turns. Its lines are the release, the id of a place, and the key. */
export function readTurn(keyPrefix: string, channel: string, message: string): Turn | undefined {
  const [release, inLineAs, ...key] = message.split('\n');
  const isTurn = channel.startsWith(keyPrefix + TURNS) && key.length > 0;
  if (!isTurn || release === undefined || inLineAs === undefined) return undefined;
  return { ownerToken: release.slice(release.indexOf(' ') + 1), inLineAs, key: key.join('\n') };
}

/** No resource begins with this. */
const TURNS = '\n>';

/**
 * Reads a message: the number of waiters, if the server could count them, the database, and after a space the
 * owner token. Older versions do not tell the database. Undefined: the message is for another database, or comes
 * from another program.
 */
export function readRelease(
  message: string,
  database: number,
): [ownerToken: string, waiting: number | undefined] | undefined {
  const space = message.indexOf(' ');
  const told = /^(\d*)(?:@(\d+))?$/.exec(message.slice(0, Math.max(0, space)));
  if (told === null || space === -1) return undefined;
  const [, count, saidIn] = told;
  if (saidIn !== undefined && Number(saidIn) !== database) return undefined;
  return [message.slice(space + 1), Number(count) > 0 ? Number(count) : undefined];
}
