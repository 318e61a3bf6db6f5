import { HttpException } from '@nestjs/common';

/** A problem of the database, as an answer: 503 if another try may help, 507 if the database is full. */
export class DatabaseException extends HttpException {
  constructor(
    readonly code: DatabaseTrouble,
    cause: unknown,
    message: string = TROUBLES[code].message,
  ) {
    super({ code, message }, TROUBLES[code].status, { cause });
  }
}

export type DatabaseTrouble = keyof typeof TROUBLES;

const TROUBLES = {
  DATABASE_UNAVAILABLE: {
    status: 503,
    message: 'The database does not answer. Nothing was changed; try again.',
  },
  DATABASE_FULL: {
    status: 507,
    message: 'The database has no room left. Nothing was changed; make room, and try again.',
  },
  DATABASE_READ_ONLY: {
    status: 503,
    message: 'The database takes no writes: it is a replica, or was set to read only. Nothing was changed.',
  },
  DATABASE_BUSY: {
    status: 503,
    message: 'The database is too busy for this. Nothing was changed; try again.',
  },
  COMMIT_UNKNOWN: {
    status: 503,
    message:
      'The connection broke at the commit: nobody knows whether it took place. Look before you try again.',
  },
} as const satisfies Record<string, { status: number; message: string }>;

/**
 * Finds the problem by the code of PostgreSQL, or of the network. Undefined if the error is a mistake of the
 * shop.
 */
export function troubleOf(error: unknown): DatabaseTrouble | undefined {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  if (code === '53100') return 'DATABASE_FULL';
  if (code === '25006') return 'DATABASE_READ_ONLY';
  if (['53200', '53300', '57014', '55P03', '40P01', '40001'].includes(code)) return 'DATABASE_BUSY';
  const isOver = code.startsWith('57P') || code.startsWith('08');
  const isNetwork =
    /^E[A-Z_]+$/.test(code) ||
    /^(Connection terminated|timeout (exceeded|expired)|Query read timeout)/.test(message);
  return isOver || isNetwork ? 'DATABASE_UNAVAILABLE' : undefined;
}
