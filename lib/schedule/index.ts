export { RedlockScheduleModule } from './redlock-schedule.module';
export type { RedlockScheduleOptions } from './redlock-schedule-options.interface';
export { EveryProcess } from './every-process.decorator';
export { createRunCoordinator } from './run-coordinator';
export type { RunCoordinator } from './run-coordinator';
