/** What the environment decides. */
export const config = {
  port: Number(process.env['PORT'] ?? 3000),
  host: process.env['HOST'] ?? '127.0.0.1',

  /** The independent masters that keep the locks. None: they are kept inside of this process. */
  lockNodes: (process.env['REDIS_NODES'] ?? '').split(',').filter((url) => url !== ''),

  /** The Redis that keeps stock and orders. Empty: they are kept inside of this process. */
  dataUrl: process.env['REDIS_DATA'] ?? '',

  /** `LOCKS=off` is for the demo: it sells without a lock, to show what the lock is for. */
  sellWithLocks: process.env['LOCKS'] !== 'off',

  reminderCron: process.env['REMINDER_CRON'] ?? '*/10 * * * * *',
};
