import { Observable } from 'rxjs';
import type { Lock } from './locking/lock.interface';
import type { LockEvent } from './locking/lock-event.interface';
import type { LockInspection } from './locking/lock-inspection.interface';
import type { LockOptions } from './locking/lock-options';

export class LockService {
  readonly events$!: Observable<LockEvent>;
  acquire(_resources: string | readonly string[], _options?: LockOptions): Promise<Lock> {
    throw new Error('not yet');
  }
  tryAcquire(_resources: string | readonly string[], _options?: Omit<LockOptions, 'wait' | 'signal'>): Promise<Lock | null> {
    throw new Error('not yet');
  }
  withLock<T>(resources: string | readonly string[], task: (lock: Lock) => T | Promise<T>): Promise<T>;
  withLock<T>(
    resources: string | readonly string[],
    options: LockOptions & { reentrant?: boolean },
    task: (lock: Lock) => T | Promise<T>,
  ): Promise<T>;
  withLock<T>(): Promise<T> {
    throw new Error('not yet');
  }
  inspect(_resource: string): Promise<LockInspection> {
    throw new Error('not yet');
  }
  forceRelease(_resource: string): Promise<number> {
    throw new Error('not yet');
  }
  current(_resource?: string): Lock | undefined {
    throw new Error('not yet');
  }
  close(): Promise<void> {
    throw new Error('not yet');
  }
}
