import type { LockEvent } from '../../locking/api/lock-event.interface';
import type { ListOptions, LockListing } from '../../locking/api/lock-listing.interface';

/** The part of a lock service that a board shows. */
export interface BoardSource {
  list(options: ListOptions): Promise<LockListing>;
  forceRelease(resource: string, options: { ownerToken: string }): Promise<number>;
  readonly events$: {
    subscribe(observer: { next(event: LockEvent): void }): { unsubscribe(): void };
  };
}
