/** The token of the options of one RedlockModule, inside that module. */
export const REDLOCK_MODULE_OPTIONS = 'REDLOCK_MODULE_OPTIONS';

/** The token of a number that tells one RedlockModule from another, inside that module. */
export const REDLOCK_MODULE_NUMBER = 'REDLOCK_MODULE_NUMBER';

/** The token of the lock service of one RedlockModule, inside that module. It is the same for every name. */
export const REDLOCK_LOCK_SERVICE = 'REDLOCK_LOCK_SERVICE';

/** The token of the function that makes the lock service of a RedlockModule from its options. Tests replace it. */
export const LOCK_SERVICE_FACTORY = 'REDLOCK_LOCK_SERVICE_FACTORY';

/** The context of the log lines of this library. */
export const LOGGER_CONTEXT = 'RedlockModule';
