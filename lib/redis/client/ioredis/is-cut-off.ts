/** How ioredis says that a connection is gone; it tells about its retries, which we have none of. */
export function isCutOff(error: unknown): boolean {
  // This is no `instanceof`: an error can come from another realm, as all errors of Node do under jest.
  if (typeof error !== 'object' || error === null) return false;
  const { name, message } = error as Partial<Error>;
  return (
    name === 'MaxRetriesPerRequestError' ||
    message === 'Connection is closed.' ||
    message?.startsWith("Stream isn't writeable") === true
  );
}
