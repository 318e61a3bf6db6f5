import type { RedisOptions } from './ioredis';
import type { AskedEachTime } from './redis-credentials';

type Asked = 'username' | 'password' | 'tls' | 'sentinelUsername' | 'sentinelPassword' | 'sentinelTLS';

/**
 * Options of ioredis for one node. Those that change while a process runs may be functions.
 *
 * A function is called before every connection: the first one, and each one after a connection has ended or
 * failed. So keep an answer that is costly to get. It may answer later, within 10 seconds. If it throws, or
 * returns a value of a wrong type, the node stays down until it returns a good one; the event `node-down` tells
 * the reason.
 *
 * @example
 * const node = { host: 'locks-a', port: 6380, username: 'app', password: () => tokens.current(), tls: {} };
 */
export interface RedisNodeOptions extends Omit<RedisOptions, Asked> {
  /** The user of the ACL, or a function that returns it before every connection. */
  username?: AskedEachTime<string | null | undefined>;
  /**
   * The password, or a function that returns the present one: for example a token of IAM or Vault that lives for
   * minutes.
   */
  password?: AskedEachTime<string | null | undefined>;
  /** Options of TLS, or a function that returns them: for example a client certificate that is renewed every day. */
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
