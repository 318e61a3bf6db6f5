export { fenceOf } from './fence';
export type { Fence, Fenceable } from './fence';
export { StaleFenceError } from './stale-fence.error';

export { assertFenced } from './assert-fenced';
export type { ChangedRows } from './assert-fenced';

export { fencedDelete, fencedGet, fencedSet } from './fenced-redis';
export type { FencedOptions, FencedSetOptions } from './fenced-redis';
export type { ScriptClient } from './fenced-script';

export { fenceHeaders, FENCING_OWNER_HEADER, FENCING_TOKEN_HEADER, readFence } from './fence-headers';
export type { HeadersLike } from './fence-headers';
export type { FenceAheadOptions } from './fence-ahead';
export { FenceException } from './fence.exception';
export type { FenceExceptionCode } from './fence.exception';
export { FenceGuard } from './fence.guard';
export type { FenceGuardOptions } from './fence.guard';
export { RequestFence } from './request-fence.decorator';
export type { RequestFenceOptions } from './request-fence.decorator';
export type { FenceStore } from './fence-store.interface';
export { MemoryFenceStore } from './memory-fence-store';
export type { MemoryFenceStoreOptions } from './memory-fence-store';
export { RedisFenceStore } from './redis-fence-store';
export type { RedisFenceStoreOptions } from './redis-fence-store';
