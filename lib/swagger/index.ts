export { ApiLocked } from './api-locked.decorator';
export type { ApiLockedOptions } from './api-locked.decorator';
