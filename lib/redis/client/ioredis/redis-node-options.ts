import type { RedisOptions } from './ioredis';
import type { AskedEachTime } from './redis-credentials';

type Asked = 'username' | 'password' | 'tls' | 'sentinelUsername' | 'sentinelPassword' | 'sentinelTLS';

/**
 * Options of ioredis for one node, of which those that change while a process runs may be functions.
 *
 * A function is asked before every connection, the first one and each that replaces a broken one; also for those that then
 * fail, so keep an answer that costs something. It may answer later, within 10 seconds. What it throws, and an answer of
 * another type, keep the node down until it answers well; the event `node-down` says so.
 *
 * @example
 * const node = { host: 'locks-a', port: 6380, username: 'app', password: () => tokens.current(), tls: {} };
 */
export interface RedisNodeOptions extends Omit<RedisOptions, Asked> {
  /** The user of the ACL, or a function that tells it before every connection. */
  username?: AskedEachTime<string | null | undefined>;
  /** The password, or a function that tells the one of this moment: a token of IAM or Vault that lives for minutes. */
  password?: AskedEachTime<string | null | undefined>;
  /** Options of TLS, or a function that returns them: a client certificate that is renewed every day. */
  tls?:
    | RedisOptions['tls']
    | (() => NonNullable<RedisOptions['tls']> | Promise<NonNullable<RedisOptions['tls']>>);
  /** Like `username`, for the Sentinels. */
  sentinelUsername?: AskedEachTime<string | null | undefined>;
  /** Like `password`, for the Sentinels. */
  sentinelPassword?: AskedEachTime<string | null | undefined>;
  /** Like `tls`, for the Sentinels. */
  sentinelTLS?:
    | RedisOptions['sentinelTLS']
    | (() => NonNullable<RedisOptions['sentinelTLS']> | Promise<NonNullable<RedisOptions['sentinelTLS']>>);
}
