/** The settings from the environment. */
export const config = {
  port: Number(process.env['PORT'] ?? 3000),
  host: process.env['HOST'] ?? '127.0.0.1',

  /** The independent masters that keep the locks. Without any, this process keeps them. */
  lockNodes: (process.env['REDIS_NODES'] ?? '').split(',').filter((url) => url !== ''),

  /** The PostgreSQL that keeps orders, stock and payments. If it is empty, this process keeps them. */
  databaseUrl: process.env['DATABASE_URL'] ?? '',

  /** The place of the data, as `npm start` names it. */
  dataWords:
    process.env['SHOP_DATA'] ?? (process.env['DATABASE_URL'] ? 'PostgreSQL' : 'the memory of this process'),

  /** `LOCKS=off` is for the demo: it sells without a lock, to show what the lock is for. */
  sellWithLocks: process.env['LOCKS'] !== 'off',

  reminderCron: process.env['REMINDER_CRON'] ?? '*/10 * * * * *',
};
