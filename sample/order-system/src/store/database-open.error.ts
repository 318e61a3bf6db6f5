/** The database cannot be used from the start. The message tells why, without the password. */
export class DatabaseOpenError extends Error {
  constructor(url: string, cause: unknown) {
    const { code = '', message = '' } = cause as { code?: string; message?: string };
    const advice = ADVICE.find(([codes]) => codes.test(code))?.[1];
    const said = message === '' ? code : message;
    super(`${placeOf(url)}: ${said}${advice === undefined ? '' : `. ${advice}`}`, { cause });
    this.name = 'DatabaseOpenError';
  }
}

/**
 * The advice, by the code of PostgreSQL or of the network. An error without a code is ours, and its message
 * has the advice.
 */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/^ERR_/, 'Write it as postgres://user:password@host:5432/database.'],
  [/^3D000$/, 'Create it with createdb, or mend DATABASE_URL.'],
  [/^28/, 'Mend user and password in DATABASE_URL.'],
  [/^53100$/, 'It has no room left for the tables of the shop: make room. Nothing was changed.'],
  [
    /^25006$/,
    'It takes no writes, and does not have the tables of this version of the shop: name one that takes writes.',
  ],
  [/^42501$/, 'The user may not make the tables of the shop: GRANT CREATE ON DATABASE … TO …'],
  [/^(53300|57P03)$/, 'It takes no connections now: try again.'],
  [/^E[A-Z_]+$/, 'Nobody answers there: start PostgreSQL, or mend DATABASE_URL.'],
  [/^[0-9A-Z]{5}$/, 'The shop cannot use this database: mend that, or name another one in DATABASE_URL.'],
];

/** The place of the database, `host:port/database`, as far as it can be read. */
function placeOf(url: string): string {
  try {
    const { host, pathname } = new URL(url);
    return `PostgreSQL at ${host}${pathname}`;
  } catch {
    return 'DATABASE_URL';
  }
}
