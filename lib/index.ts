export { RedlockModule } from './redlock.module';
export type {
  RedlockDefaults,
  RedlockModuleAsyncOptions,
  RedlockModuleExtras,
  RedlockModuleOptions,
  RedlockNodeInput,
  RedlockOptions,
  RedlockOptionsFactory,
} from './interfaces/redlock-module-options.interface';

export { LockService } from './lock.service';
export type { BusyResult, WithLockOnBusy, WithLockOptions } from './lock.service';
export { createLockService } from './create-lock-service';
export type { LockOptions } from './locking/lock-options';
export type { LockTicket } from './locking/lock-ticket';
export type { ResumeOptions } from './locking/resume';
export type { ForceReleaseOptions } from './locking/force-release';
export type { ReadyOptions } from './locking/check-ready-options';
export type {
  DefaultLock,
  FencedLock,
  Lock,
  LockDefaults,
  LockFor,
  ReleaseOutcome,
} from './locking/lock.interface';
export type { LockEvent, NodeWarning } from './locking/lock-event.interface';
export type { InspectOptions, LockInspection, NodeInspection } from './locking/lock-inspection.interface';
export type { LockHolder } from './errors/lock-holder.interface';

export { Locked } from './decorators/locked.decorator';
export { CallerSignal } from './decorators/caller-signal.decorator';
export { CurrentLock } from './decorators/current-lock.decorator';
export { LockSignal } from './decorators/lock-signal.decorator';
export { InjectLockService } from './decorators/inject-lock-service.decorator';
export { LockInterceptor } from './interceptors/lock.interceptor';
export { LockExceptionFilter } from './filters/lock-exception.filter';
export { bindLockService } from './utils/lock-service-binding';
export { getLockServiceToken } from './utils/lock-service-token';
export type {
  ContextLockKey,
  LockKey,
  LockKeyFunction,
  LockKeyResult,
} from './interfaces/lock-key.interface';
export type {
  LabelFunction,
  LockedOptions,
  LockInterceptorOptions,
  OnBusy,
  OnBusyFunction,
  OnLeave,
  OnLost,
  OnLostFunction,
  OnUnavailable,
} from './interfaces/locked-options.interface';
export type { LockableMethod, LockedDecorator } from './interfaces/locked-decorator.interface';
export type { CurrentLockOptions } from './interfaces/current-lock-options.interface';
export { lockErrorBody } from './filters/lock-error-body';
export type { LockErrorBody } from './filters/lock-error-body';
export { toHttpException } from './filters/to-http-exception';
export type { LockAnswer, LockAnswers } from './interfaces/lock-answers.interface';

export { LockError } from './errors/lock.error';
export type { LockErrorCode } from './errors/lock.error';
export { CallerLeftError } from './errors/caller-left.error';
export { LockBusyError } from './errors/lock-busy.error';
export { LockKeyError } from './errors/lock-key.error';
export { LockLostError } from './errors/lock-lost.error';
export type { LockLostReason } from './errors/lock-lost.error';
export { LockNotBoundError } from './errors/lock-not-bound.error';
export type { NotBoundReason } from './errors/lock-not-bound.error';
export { LockOptionsError } from './errors/lock-options.error';
export { LockReentrancyError } from './errors/lock-reentrancy.error';
export { LockUnavailableError } from './errors/lock-unavailable.error';
export type { NodeVote } from './errors/node-vote.interface';

export { MemoryLockNode } from './memory/memory-lock-node';
export type { MemoryLockNodeOptions } from './memory/memory-lock-node';
export type {
  AcquireRequest,
  AcquireVote,
  ExtendRequest,
  ExtendVote,
  FailedVote,
  FenceRequest,
  LockNode,
  NodeHold,
  NodeMemory,
  NodeStatus,
  NodeStatusChange,
  NodeTrouble,
  RaiseFenceRequest,
  RaiseFenceVote,
  ReleaseHandler,
  ReleaseRequest,
  ReleaseSubscription,
  ReleaseVote,
  ServerFacts,
  ServerProduct,
} from './core/lock-node.interface';
export type { RedisNodeOptions } from './redis/redis-node-options';
export type { GuardReason, RestartGuard } from './core/node-guard';
export type { Clock, Timer } from './core/clock.interface';
