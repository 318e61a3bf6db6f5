/** The parts of ioredis that we use. No other file imports ioredis, not even its types. */
export type { Cluster, ClusterOptions, Redis, RedisOptions } from 'ioredis';
// The default export is used, since the first release of ioredis 5 has no named `Redis`.
export { Cluster as ClusterConstructor, Command, default as RedisConstructor } from 'ioredis';
