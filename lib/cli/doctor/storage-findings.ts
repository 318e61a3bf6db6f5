import type { InfoLines } from '../../redis/server/info-lines';
import { memoryIn } from '../../redis/server/server-memory';
import { showMs } from '../text/show';
import type { NodeFinding } from './finding';
import type { ServerFacts } from './node-facts';

/** Reports if the server may remove a lock to make room. */
export function evictionFinding(info: InfoLines): NodeFinding {
  const { maxmemory, maxmemory_policy: policy } = info;
  if (maxmemory === undefined || policy === undefined)
    return { level: 'unknown', check: 'eviction', message: 'cannot tell the maxmemory-policy' };
  if (policy === 'noeviction')
    return { level: 'ok', check: 'eviction', message: 'maxmemory-policy noeviction' };
  if (Number(maxmemory) === 0) {
    return { level: 'ok', check: 'eviction', message: `no maxmemory, so ${policy} never evicts` };
  }
  return {
    level: 'error',
    check: 'eviction',
    message: `maxmemory-policy ${policy}, with a maxmemory of ${maxmemory} bytes`,
    meaning: 'when memory runs out, Redis deletes locks that are held, and somebody else gets them',
    fix: 'CONFIG SET maxmemory-policy noeviction (and the same in redis.conf)',
  };
}

/** Above this part of its maxmemory a server needs attention: locks may fill the rest within minutes. */
const NEARLY_FULL = 0.8;

/** Reports how near the server is to refusing to grant. */
export function memoryFinding(info: InfoLines): NodeFinding {
  const check = 'memory';
  const memory = memoryIn(info);
  if (memory === undefined)
    return { level: 'unknown', check, message: 'cannot tell how much memory is used' };
  const { usedBytes: used, limitBytes: limit } = memory;
  if (limit === 0) return { level: 'ok', check, message: `${megabytes(used)} used, no maxmemory` };
  const message = `${megabytes(used)} of ${megabytes(limit)} used (${Math.round((100 * used) / limit)} %)`;
  if (used < NEARLY_FULL * limit) return { level: 'ok', check, message };
  return {
    level: used < limit ? 'warn' : 'error',
    check,
    message,
    meaning: 'a node that is full grants no locks, and does not count for a majority',
    fix: 'raise maxmemory; look for keys of other programs, and for clients that choose the names of very many locks',
  };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MB`;
}

/** Reports what the server keeps of its locks over a restart, and if it fails to. */
export function persistenceFinding(facts: ServerFacts, maxTtlMs: number): NodeFinding {
  const finding = keptOnDisk(facts, maxTtlMs);
  const {
    aof_enabled: aof,
    aof_last_write_status: written,
    rdb_last_bgsave_status: saved,
  } = facts.info ?? {};
  const failed = [
    ...(aof === '1' && written === 'err' ? ['aof_last_write_status'] : []),
    ...(facts.save !== '' && saved === 'err' ? ['rdb_last_bgsave_status'] : []),
  ];
  if (failed.length === 0) return finding;
  return {
    level: 'warn',
    check: finding.check,
    message: `${finding.message}; its last write to the disk failed (${failed.join(', ')}: err)`,
    meaning: 'a restart forgets what was not written, and Redis may refuse all locks until it can write',
    fix: 'make room on the disk; the log of the server has the reason',
  };
}

function keptOnDisk(facts: ServerFacts, maxTtlMs: number): NodeFinding {
  const { info, appendfsync, save } = facts;
  const check = 'persistence';
  const aof = info?.aof_enabled;
  if (aof === undefined) return { level: 'unknown', check, message: 'cannot tell what is kept on disk' };
  if (aof === '1' && appendfsync === 'always')
    return { level: 'ok', check, message: 'appendonly yes, appendfsync always: a restart forgets nothing' };

  const meaning =
    `the restart guard of the lock service lets a restarted node grant nothing for the largest ttl ` +
    `(${showMs(maxTtlMs)}). After that time, all locks that it forgot have ended`;
  if (aof === '1') {
    const message =
      appendfsync === undefined
        ? 'appendonly yes, but cannot tell appendfsync: CONFIG is refused'
        : `appendonly yes, appendfsync ${appendfsync}: a crash forgets the last seconds`;
    return { level: appendfsync === undefined ? 'unknown' : 'ok', check, message, meaning };
  }
  if (save === undefined) {
    const message = 'appendonly no, and cannot tell whether snapshots are taken: CONFIG is refused';
    return { level: 'unknown', check, message, meaning };
  }
  const message =
    save === ''
      ? 'nothing on disk (appendonly no, no save): a restart forgets all locks'
      : `snapshots only (appendonly no, save ${save}): a restart forgets the locks since the last one`;
  return { level: 'ok', check, message, meaning };
}
