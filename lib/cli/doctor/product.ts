import type { InfoLines } from '../../redis/info-lines';

/** What a server is, by its own name, and its own version: `redis_version` of others tells what they are compatible with. */
export interface Product {
  readonly name: string;
  readonly version: string | undefined;
}

const NAMES: Readonly<Record<string, string>> = { redis: 'Redis', valkey: 'Valkey', redict: 'Redict' };

export function productOf(info: InfoLines): Product {
  const { server_name: given, valkey_version: valkey, redict_version: redict, redis_version: redis } = info;
  if (valkey !== undefined) return { name: 'Valkey', version: valkey };
  if (redict !== undefined) return { name: 'Redict', version: redict };
  if (given === undefined) return { name: 'Redis', version: redis };
  // Others that go by a name of their own say their version in the same way.
  return { name: NAMES[given] ?? given, version: info[`${given}_version`] ?? redis };
}
