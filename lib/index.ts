export { RedlockModule } from './nest/redlock.module';
export type {
  RedlockModuleAsyncOptions,
  RedlockModuleExtras,
  RedlockModuleOptions,
  RedlockOptionsFactory,
} from './nest/redlock-module-options.interface';
export type { RedlockNodeInput } from './nodes/lock-node-input';
export type { RedlockDefaults, RedlockOptions } from './service/redlock-options.interface';

export { LockService } from './service/lock.service';
export type { BusyResult, WithLockOnBusy, WithLockOptions } from './service/lock.service';
export { createLockService } from './service/create-lock-service';
export { LeaderElection } from './service/leader-election';
export type { LeaderElectionOptions } from './service/leader-election';
export type { LockOptions, ResumeOptions } from './locking/api/lock-options';
export type { LockTarget, LockTargets } from './locking/api/lock-target';
export type { LockTicket } from './locking/api/lock-ticket';
export type { ReadyOptions } from './locking/api/check-ready-options';
export type {
  DefaultLock,
  FencedLock,
  LimitedLock,
  Lock,
  LockDefaults,
  LockFor,
  ReleaseOutcome,
} from './locking/api/lock.interface';
export type { LockEvent, NodeWarning } from './locking/api/lock-event.interface';
export type {
  ForceReleaseOptions,
  HolderInspection,
  InspectOptions,
  LockInspection,
  NodeInspection,
} from './locking/api/lock-inspection.interface';
export type {
  ListedHolder,
  ListedLock,
  ListOptions,
  LockListing,
  NodeLook,
  NodeOwner,
} from './locking/api/lock-listing.interface';
export type { LockHolder } from './errors/lock-holder.interface';

export { Locked } from './nest/decorators/locked.decorator';
export { Limited } from './nest/decorators/limited.decorator';
export type { LimitedOptions } from './nest/decorators/limited.decorator';
export { LeaderOnly } from './nest/decorators/leader-only.decorator';
export type { LeaderOnlyDecorator } from './nest/decorators/leader-only-decorator.interface';
export type { LeaderOnlyOptions } from './nest/decorators/leader-only.decorator';
export { CallerSignal } from './nest/decorators/caller-signal.decorator';
export { CurrentLock } from './nest/decorators/current-lock.decorator';
export { LockKey } from './nest/decorators/lock-key.decorator';
export { LockSignal } from './nest/decorators/lock-signal.decorator';
export { InjectLockService } from './nest/decorators/inject-lock-service.decorator';
export { LockInterceptor } from './nest/lock.interceptor';
export { LockExceptionFilter } from './nest/filters/lock-exception.filter';
export { bindLockService } from './calls/lock-service-binding';
export { getLockServiceToken } from './service/lock-service-token';
export type { ContextLockKey, LockKeyFunction, LockKeyResult } from './keys/lock-key.interface';
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
} from './calls/locked-options.interface';
export type { LockableMethod, LockedDecorator } from './calls/locked-decorator.interface';
export type { CurrentLockOptions } from './nest/decorators/current-lock-options.interface';
export { lockErrorBody } from './nest/filters/lock-error-body';
export type { LockErrorBody } from './nest/filters/lock-error-body';
export { toHttpException } from './nest/filters/to-http-exception';
export type { LockAnswer, LockAnswers } from './nest/filters/lock-answers.interface';

export { LockError } from './errors/lock.error';
export type { LockErrorCode } from './errors/lock.error';
export { CallerLeftError } from './errors/caller-left.error';
export { LockBusyError } from './errors/lock-busy.error';
export type { BusyReason } from './errors/lock-busy.error';
export { LockKeyError } from './errors/lock-key.error';
export { LockLimitError } from './errors/lock-limit.error';
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
  AcquireDenial,
  AcquireRequest,
  AcquireVote,
  ExtendRequest,
  ExtendVote,
  FailedVote,
  FenceRequest,
  LeaveRequest,
  LeaveVote,
  LineEntry,
  LinePlace,
  LockNode,
  NodeHold,
  NodeMember,
  NodeMemory,
  NodeStatus,
  NodeStatusChange,
  NodeTrouble,
  PermitRequest,
  RaiseFenceRequest,
  RaiseFenceVote,
  ReleaseHandler,
  ReleaseRequest,
  ReleaseSubscription,
  ReleaseVote,
  ServerFacts,
  ServerProduct,
} from './ports/lock-node.interface';
export type { ListedHold, ListedPart, ListRequest, NodePace } from './ports/node-listing.interface';
export type { RedisNodeOptions } from './redis/client/ioredis/redis-node-options';
export type { GuardReason, RestartGuard } from './core/node-guard';
export type { TimeSource } from './ports/clock.interface';
