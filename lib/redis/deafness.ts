import type { NodeTrouble } from '../ports/lock-node.interface';

/** A server that restarts costs one or two connections, which is not worth a report. */
const MOST_FAILURES = 4;

/** Notices when a node hears of no releases for longer than a moment, and reports it once. */
export class Deafness {
  private failures = 0;
  private isTold = false;

  /** @param tell returns true if the report was useful now */
  constructor(private readonly tell: (trouble: NodeTrouble) => boolean) {}

  /** Notes that another connection ended without hearing anything. */
  failed(reason: string): void {
    this.failures += 1;
    if (this.failures >= MOST_FAILURES) this.isTrue(reason);
  }

  /** Reports that the node hears of no releases. */
  isTrue(reason: string): void {
    if (this.isTold) return;
    const message = `hears of no releases (${reason}), so waiters ask it again and again. Permit a second connection for each process (maxclients), SUBSCRIBE, and the channels with the names of the keys.`;
    this.isTold = this.tell({ kind: 'deaf', message });
  }

  isOver(): void {
    this.failures = 0;
  }
}
