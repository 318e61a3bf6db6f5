import type { BoardSource } from '../board/core/board-source.interface';
import type { LockEvent } from '../locking/api/lock-event.interface';
import type { ListOptions, LockListing } from '../locking/api/lock-listing.interface';
import { NodeReports } from '../locking/inspection/node-reports';
import { forceRelease } from '../locking/inspection/force-release';
import type { InspectionSetup } from '../locking/inspection/inspect-nodes';
import { listNodes } from '../locking/inspection/list-nodes';

type Observer = Parameters<BoardSource['events$']['subscribe']>[0];

/** Lock nodes as a board shows them, for a process that takes no locks itself. */
export class WatchedNodes implements BoardSource {
  private readonly observers = new Set<Observer>();
  private readonly reports: NodeReports;
  readonly events$: BoardSource['events$'] = {
    subscribe: (observer) => {
      this.observers.add(observer);
      return { unsubscribe: () => this.observers.delete(observer) };
    },
  };

  constructor(private readonly setup: InspectionSetup) {
    const { nodes, clock } = setup;
    this.reports = new NodeReports({ nodes, clock, restartGuard: 'observed', emit: this.emit });
  }

  list(options: ListOptions): Promise<LockListing> {
    return listNodes(this.setup, options);
  }

  async forceRelease(resource: string, { ownerToken }: { ownerToken: string }): Promise<number> {
    const nodeCount = await forceRelease(this.setup, resource, ownerToken);
    this.emit({ type: 'force-released', resources: [resource], nodeCount });
    return nodeCount;
  }

  close(): void {
    this.reports.stop();
  }

  private readonly emit = (event: LockEvent): void => {
    for (const observer of this.observers) observer.next(event);
  };
}
