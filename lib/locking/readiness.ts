import type { LockNode } from '../core/lock-node.interface';
import type { NodeGuard } from '../core/node-guard';
import { quorumOf } from '../core/quorum';
import { LockUnavailableError } from '../errors/lock-unavailable.error';
import type { NodeVote } from '../errors/node-vote.interface';
import { checkReadyOptions, type ReadyOptions } from './check-ready-options';
import { inspectNodes, type InspectionSetup } from './inspect-nodes';
import type { NodeInspection } from './lock-inspection.interface';
import { outageDelayMs } from './retry-delay';
import { Wait } from './wait';

/** A resource that nobody locks: it is only looked for. */
const PROBE = 'nestjs-redlock:ready';

export interface ReadinessSetup extends InspectionSetup {
  readonly guard: NodeGuard;
  fraction(): number;
}

/** Waits until a quorum of the nodes can vote. */
export class Readiness {
  private readonly waits = new Set<Wait>();
  private isClosed = false;

  constructor(private readonly setup: ReadinessSetup) {}

  async until(given?: ReadyOptions): Promise<void> {
    const { clock } = this.setup;
    const { waitMs, signal } = checkReadyOptions(given);
    signal?.throwIfAborted();
    const startedAtMs = clock.now();
    if (this.isClosed) throw notReady(0, []);

    const wait = new Wait(clock, startedAtMs, waitMs, signal, nobody);
    this.waits.add(wait);
    try {
      await this.lookUntilReady(wait, startedAtMs + waitMs);
    } finally {
      this.waits.delete(wait);
      wait.end();
    }
  }

  close(): void {
    this.isClosed = true;
    const { clock } = this.setup;
    for (const wait of this.waits) wait.cancel(notReady(clock.now() - wait.startedAtMs, []));
  }

  private async lookUntilReady(wait: Wait, deadlineMs: number): Promise<void> {
    const { nodes, clock } = this.setup;
    // Ends at the deadline: it is looked at after every round, and sleeping does not pass it.
    for (let looks = 1; ; looks++) {
      // As an attempt does, it lets the nodes have their time where nothing is left of ours.
      const leftMs = deadlineMs - clock.now();
      const timeoutMs = leftMs > 0 ? Math.min(leftMs, this.setup.timeoutMs) : this.setup.timeoutMs;
      const inspection = await wait.unlessCancelled(inspectNodes({ ...this.setup, timeoutMs }, PROBE));
      const votes = inspection.nodes.map((node) => this.voteOf(node));
      if (votes.filter(({ vote }) => vote === 'granted').length >= quorumOf(nodes.length)) return;
      if (wait.isOver) throw notReady(clock.now() - wait.startedAtMs, votes);
      await wait.sleep(outageDelayMs(looks, this.setup.fraction()));
    }
  }

  private voteOf({ node: name, error, guarded, refusal }: NodeInspection): NodeVote {
    if (error !== undefined) return { node: name, vote: 'failed', error };
    if (refusal !== undefined) return { node: name, vote: 'failed', error: refusal };
    if (guarded === undefined) return { node: name, vote: 'granted' };
    const node = this.setup.nodes.find((one) => one.name === name) as LockNode;
    return { node: name, vote: 'failed', error: this.setup.guard.errorFor(node) };
  }
}

function notReady(waitedMs: number, votes: readonly NodeVote[]): LockUnavailableError {
  return new LockUnavailableError({ resources: [], waitedMs, votes });
}

const nobody = {
  cancelled(): void {
    // Whoever waits hears of it from the wait itself.
  },
};
