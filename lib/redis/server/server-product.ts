import type { ServerProduct } from '../../ports/lock-node.interface';
import type { InfoLines } from './info-lines';

const NAMES: Readonly<Record<string, string>> = { redis: 'Redis', valkey: 'Valkey', redict: 'Redict' };

/** The longest name or version that is kept, since an unknown server may send any text. */
const LONGEST = 100;

/**
 * The server's own name and version. The `redis_version` of another product tells only what it is compatible with.
 */
export function productOf(info: InfoLines): ServerProduct {
  const { name, version } = namedIn(info);
  // The mode is `standalone`, `cluster` or `sentinel`. Redis, Redict and Valkey have different names for this
  // line.
  const mode = info.redis_mode ?? info.redict_mode ?? info.server_mode;
  return {
    name: name.slice(0, LONGEST),
    ...(version === undefined ? {} : { version: version.slice(0, LONGEST) }),
    ...(mode === undefined ? {} : { mode: mode.slice(0, LONGEST) }),
  };
}

function namedIn(info: InfoLines): { name: string; version: string | undefined } {
  const { server_name: given, valkey_version: valkey, redict_version: redict, redis_version: redis } = info;
  if (valkey !== undefined) return { name: 'Valkey', version: valkey };
  if (redict !== undefined) return { name: 'Redict', version: redict };
  if (given === undefined) return { name: 'Redis', version: redis };
  // Other products that have a name of their own tell their version in the same way.
  return { name: NAMES[given] ?? given, version: info[`${given}_version`] ?? redis };
}
