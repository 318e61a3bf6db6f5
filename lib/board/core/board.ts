import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../../ports/clock.interface';
import { BoardHistory } from './board-history';
import { BoardLocks } from './board-locks';
import { boardNodes } from './board-nodes';
import type { BoardSource } from './board-source.interface';
import type { BoardNews, BoardPart, BoardState } from './board-state.interface';
import { BoardViewer } from './board-viewer';

export interface BoardSettings {
  readonly clock: Clock;
  /** From the begin of a look to the next, at least. */
  readonly intervalMs: number;
  /** How many locks are shown. */
  readonly limit: number;
}

const MOST_VIEWERS = 100;

/** Looks take a tenth of the time at most, however many keys the servers have. */
const REST = 9;

/**
 * What all viewers of a board see: one look at the nodes for all of them, and none while nobody looks. However often
 * anybody asks, the nodes are not looked at more often.
 */
export class Board {
  private readonly history: BoardHistory;
  private readonly locks: BoardLocks;
  private readonly viewers = new Set<BoardViewer>();
  private readonly subscription: { unsubscribe(): void };
  private news: BoardNews | undefined;
  private looking: Promise<void> | undefined;
  private notBeforeMs = -Infinity;
  private timer: Timer | undefined;
  private toldEvents = 0;
  private isClosed = false;

  constructor(
    private readonly source: BoardSource,
    private readonly settings: BoardSettings,
  ) {
    this.history = new BoardHistory(settings.clock);
    this.locks = new BoardLocks(this.history);
    this.subscription = source.events$.subscribe({
      next: (event) => {
        this.history.note(event);
      },
    });
  }

  /** For scripts: what was seen in the last look, or in a new one if it is time for that. */
  async state(): Promise<BoardState> {
    await this.look();
    const { news } = this;
    if (news === undefined) throw new Error('the nodes have not been looked at yet');
    return { ...news, locks: this.locks.all, timeline: this.history.since(0) };
  }

  /** What each node had of a resource in the last look. Asks no node. */
  async partsOf(resource: string): Promise<BoardPart[]> {
    if (this.news === undefined) await this.look();
    return this.locks.partsOf(
      resource,
      (this.news?.nodes ?? []).map(({ node }) => node),
    );
  }

  /** Whether another page may look on. */
  get hasRoom(): boolean {
    return !this.isClosed && this.viewers.size < MOST_VIEWERS;
  }

  /** Shows everything to a page, and from then on what changes. */
  join(response: ServerResponse): void {
    const viewer = new BoardViewer(response, this.settings.clock, {
      caughtUp: () => {
        this.tellAll(viewer);
      },
      gone: () => {
        this.viewers.delete(viewer);
        if (this.viewers.size === 0) this.timer?.cancel();
      },
    });
    this.viewers.add(viewer);
    // What is old is told too: the next look may be a while away.
    this.tellAll(viewer);
    this.lookAgain(0);
  }

  /**
   * Removes the lock of one holder, as it was shown.
   *
   * @returns from how many nodes; undefined: it was not there any more in the last look
   */
  async release(resource: string, holderId: string): Promise<number | undefined> {
    const ownerToken = this.locks.ownerTokenOf(resource, holderId);
    if (ownerToken === undefined) return undefined;
    return this.source.forceRelease(resource, { ownerToken });
  }

  /** Ends the streams of all pages: an application that closes waits for them. */
  close(): void {
    this.isClosed = true;
    this.timer?.cancel();
    this.subscription.unsubscribe();
    for (const viewer of this.viewers) viewer.close();
  }

  private lookAgain(inMs: number): void {
    this.timer?.cancel();
    if (this.isClosed || this.viewers.size === 0) return;
    this.timer = this.settings.clock.schedule(
      inMs,
      () => {
        void this.look().finally(() => {
          this.lookAgain(Math.max(1, this.notBeforeMs - this.settings.clock.now()));
        });
      },
      { background: true },
    );
  }

  /** One look for all who ask meanwhile; none before it is time. */
  private look(): Promise<void> {
    if (this.settings.clock.now() < this.notBeforeMs || this.isClosed) return Promise.resolve();
    this.looking ??= this.lookOnce().finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  private async lookOnce(): Promise<void> {
    const { clock, limit, intervalMs } = this.settings;
    const startedAtMs = clock.now();
    try {
      const listing = await this.source.list({ limit });
      const [at, tookMs] = [clock.wallNow(), Math.round(clock.now() - startedAtMs)];
      const { changed, gone } = this.locks.next(listing.locks, at);
      const timeline = this.history.since(this.toldEvents);
      this.toldEvents = this.history.last;
      const hot = this.history.hot();
      this.news = { at, tookMs, ...boardNodes(listing, at), isTruncated: listing.isTruncated, hot };
      this.tell('change', { ...this.news, changed, gone, timeline });
    } catch (error) {
      // A service that is closed, say. Its message is free of secrets.
      this.tell('problem', { message: error instanceof Error ? error.message : String(error) });
    }
    this.notBeforeMs = startedAtMs + Math.max(intervalMs, (REST + 1) * (clock.now() - startedAtMs));
  }

  private tell(event: string, body: object): void {
    if (this.viewers.size === 0) return;
    const text = JSON.stringify(body);
    for (const viewer of this.viewers) viewer.send(event, text);
  }

  private tellAll(viewer: BoardViewer): void {
    const { news } = this;
    if (news === undefined) return;
    const state: BoardState = { ...news, locks: this.locks.all, timeline: this.history.since(0) };
    viewer.send('state', JSON.stringify(state));
  }
}
