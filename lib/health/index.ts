export { RedlockHealthModule } from './redlock-health.module';
export { RedlockHealthIndicator } from './redlock.health';
export type { RedlockHealthOptions } from './redlock.health';
