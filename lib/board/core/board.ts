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
  /** The least time from the begin of a look to the next. */
  readonly intervalMs: number;
  /** The most locks that are shown. */
  readonly limit: number;
}

const MOST_VIEWERS = 100;

/**
 * The rest after a look, as a multiple of its duration. So looks take at most a tenth of the time, however many
 * keys the servers have.
 */
const REST = 9;

/**
 * The board that all viewers share: one look at the nodes serves all of them, and there is none without a viewer.
 * More requests cause no more looks.
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

  /** The state for scripts: from the last look, or from a new one if it is time for that. */
  async state(): Promise<BoardState> {
    await this.look();
    const { news } = this;
    if (news === undefined) throw new Error('the nodes have not been looked at yet');
    return { ...news, locks: this.locks.all, timeline: this.history.since(0) };
  }

  /** The part of each node in a resource, from the last look. It asks no node. */
  async partsOf(resource: string): Promise<BoardPart[]> {
    if (this.news === undefined) await this.look();
    return this.locks.partsOf(
      resource,
      (this.news?.nodes ?? []).map(({ node }) => node),
    );
  }

  /** True if one more page may watch. */
  get hasRoom(): boolean {
    return !this.isClosed && this.viewers.size < MOST_VIEWERS;
  }

  /** Sends everything to a page, and from then on the changes. */
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
    // An old state is sent too, since the next look may come later.
    this.tellAll(viewer);
    this.lookAgain(0);
  }

  /**
   * Removes the lock of one holder, as it was shown.
   *
   * @returns the number of nodes from which it was removed; undefined: the last look did not have it any more
   */
  async release(resource: string, holderId: string): Promise<number | undefined> {
    const ownerToken = this.locks.ownerTokenOf(resource, holderId);
    if (ownerToken === undefined) return undefined;
    return this.source.forceRelease(resource, { ownerToken });
  }

  /** Ends the streams of all pages. An application that closes would wait for them. */
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

  /** Makes one look for all callers that ask in the meantime, and none before it is time. */
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
      // For example, the service is closed. The message contains no secrets.
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
