/** Token of the options of one RedlockModule, inside that module. */
export const REDLOCK_MODULE_OPTIONS = 'REDLOCK_MODULE_OPTIONS';

/** Token of the lock service of one RedlockModule, inside that module: the same whatever its name is. */
export const REDLOCK_LOCK_SERVICE = 'REDLOCK_LOCK_SERVICE';

/** Token of the function that makes the lock service of a RedlockModule from its options; tests put another in its place. */
export const LOCK_SERVICE_FACTORY = 'REDLOCK_LOCK_SERVICE_FACTORY';

/** Context of the log lines of this library. */
export const LOGGER_CONTEXT = 'RedlockModule';
