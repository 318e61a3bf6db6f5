import { LockLostError } from '../../lib/errors/lock-lost.error';
import { LockUnavailableError } from '../../lib/errors/lock-unavailable.error';
import type { Lock } from '../../lib/locking/api/lock.interface';
import type { LockTicket } from '../../lib/locking/api/lock-ticket';
import type { Request } from './judge';
import { NODE_TIMEOUT_MS } from './plan';
import type { World } from './world';

const SLACK_MS = 25;
/** The time for which a resuming caller asks again while too few nodes answer. */
const RESUME_WAIT_MS = 200;
/** A job whose start has failed is tried again so often, and so much later. */
const MOST_TRIES = 3;
const RETRY_AFTER_MS = 60;

/** Locks that one client leaves and another goes on with. */
export class PassingOn {
  constructor(
    private readonly world: World,
    /** Does what callers do with a lock, and gives it back. */
    private readonly workOn: (request: Request, lock: Lock) => Promise<void>,
  ) {}

  /** Whether the lock is not the caller's any more. */
  async leave(request: Request, lock: Lock): Promise<boolean> {
    const { judge, timeline } = this.world;
    const { client, call } = request;
    const { passMs } = call;
    if (passMs === undefined) return false;
    request.state = 'releasing';
    const inLine = (call.extensions?.length ?? 0) + 3;
    let ticket: LockTicket;
    try {
      const detaching = lock.detach();
      ticket = await judge.expect(
        detaching,
        client,
        inLine * NODE_TIMEOUT_MS + SLACK_MS,
        `detach of ${request.name}`,
      );
    } catch (error) {
      if (error instanceof LockLostError || error instanceof LockUnavailableError) return false;
      throw error;
    }
    judge.left(request, ticket.ttl);
    const text = JSON.stringify(ticket);
    timeline.after(passMs, () => {
      this.tryToResume(request, text, 1);
    });
    return true;
  }

  private tryToResume(from: Request, text: string, tries: number): void {
    const { world } = this;
    const client = world.clientAt((from.client.position + 1) % world.clients.length);
    client.run(() => {
      void this.resume({ ...from, client, name: `${from.name}, try ${tries}` }, text, tries);
    });
  }

  private async resume(about: Request, text: string, tries: number): Promise<void> {
    const { judge, timeline } = this.world;
    const { client, call } = about;
    const { passMs: _, ...again } = call;
    const request = judge.asks(client, again, about.name);
    request.state = 'resuming';
    try {
      const { ttl, autoExtend, maxHold } = call;
      const resuming = client.service.resume(JSON.parse(text) as LockTicket, {
        ...{ ttl, autoExtend, maxHold },
        wait: RESUME_WAIT_MS,
      });
      const lock = await judge.expect(
        resuming,
        client,
        RESUME_WAIT_MS + 1.2 * NODE_TIMEOUT_MS + SLACK_MS,
        `resume of ${request.name}`,
      );
      this.world.count('resumed');
      judge.gave(request, lock, true);
      await this.workOn(request, lock);
    } catch (error) {
      judge.refused(request, error);
      if (error instanceof LockLostError) this.world.count('ticket too late');
      else if (!(error instanceof LockUnavailableError))
        judge.accuse('known error', `${request.name}: ${String(error)}`);
      else {
        // It may have been prolonged all the same.
        judge.left(request, call.ttl);
        if (tries < MOST_TRIES && !client.isClosed)
          timeline.after(RETRY_AFTER_MS, () => {
            this.tryToResume(about, text, tries + 1);
          });
      }
    }
  }
}
