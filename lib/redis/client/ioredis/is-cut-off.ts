/** The message of ioredis for a connection that is gone. It tells about retries, although we use none. */
export function isCutOff(error: unknown): boolean {
  // There is no `instanceof`: an error can come from another realm, as all errors of Node do under jest.
  if (typeof error !== 'object' || error === null) return false;
  const { name, message } = error as Partial<Error>;
  return (
    name === 'MaxRetriesPerRequestError' ||
    message === 'Connection is closed.' ||
    message?.startsWith("Stream isn't writeable") === true
  );
}
