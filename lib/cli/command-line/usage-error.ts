/** The command line cannot be meant; the message says what to write instead. */
export class UsageError extends Error {}
