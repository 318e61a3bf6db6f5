import type { NodeTrouble } from '../ports/lock-node.interface';

/** A server that restarts costs a connection or two, and is no news. */
const MOST_FAILURES = 4;

/** Notices when a node hears of no releases for longer than a moment, and tells of it once. */
export class Deafness {
  private failures = 0;
  private isTold = false;

  /** @param tell returns whether it was worth telling now */
  constructor(private readonly tell: (trouble: NodeTrouble) => boolean) {}

  /** Again a connection ended that never heard anything. */
  failed(reason: string): void {
    this.failures += 1;
    if (this.failures >= MOST_FAILURES) this.isTrue(reason);
  }

  /** It will hear nothing. */
  isTrue(reason: string): void {
    if (this.isTold) return;
    const message = `hears of no releases (${reason}), so those who wait ask it again and again. Permit a second connection for each process (maxclients), and +subscribe.`;
    this.isTold = this.tell({ kind: 'deaf', message });
  }

  isOver(): void {
    this.failures = 0;
  }
}
