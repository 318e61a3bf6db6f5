/** What we use of the client library. No other file imports it, not even its types. */
export type { Cluster, ClusterOptions, Redis, RedisOptions } from 'ioredis';
// Not the named `Redis`, which the first release of ioredis 5 does not have.
export { Cluster as ClusterConstructor, Command, default as RedisConstructor } from 'ioredis';
