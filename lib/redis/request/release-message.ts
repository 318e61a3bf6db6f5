/**
 * The channel to which everybody is subscribed who waits for any key of this prefix, so that who releases many keys need
 * not ask for each of them. It is the key of the empty resource, and so of none.
 */
export function channelOfAll(keyPrefix: string): string {
  return keyPrefix;
}

/**
 * Where who waits for a key in a database is subscribed. Servers keep channels for all databases together, so in
 * another one than 0 two more tell who waits for which key, and a release counts those whose key it is.
 */
export function channelsIn(database: number, channel: string): readonly [ofKey: string, ...places: string[]] {
  return database === 0 ? [channel] : [channel, `${channel}\n@`, `${channel}\n@${database}`];
}

/**
 * How many were told, if the server could count them, and in which database; then the owner token after a space. Older
 * versions do not tell the database. Undefined: it was said in another one, or by another program.
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
