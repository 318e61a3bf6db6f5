/** What became of one owner token, as seen on the wire: for checks that do not ask the code under test. */
export interface TokenPage {
  readonly token: string;
  /** That of the hold that it takes over, if it does. */
  inherits: string | undefined;
  /** When the first node was asked, in true time. */
  askedAtMs: number | undefined;
  /** The place of its first grant among those of all tokens. A node that was paused answers much in one moment. */
  putOrder: number | undefined;
  readonly put: Set<number>;
  readonly removed: Set<number>;
  /** When a node said for the last time that it has it, in true time. */
  readonly confirmedAtMs: Map<number, number>;
  /** Nodes that took its number although they did not have it any more. */
  readonly numberedInVain: Set<number>;
  /** When a node was asked for the last time to keep it, by a request that goes to all of them at once. */
  extendAskedAtMs: number;
  readonly granted: Set<number>;
  readonly denied: Set<number>;
  /** Nodes to which a release could not be sent, with when. */
  readonly releaseRefused: Set<number>;
  /** Nodes whose grant arrived after the release was asked for, and could be released. */
  readonly grantedLate: Set<number>;
  readonly releaseAsked: Set<number>;
  wasHeld: boolean;
  /** The permits that its holder has. */
  held: readonly number[] | undefined;
  /** The longest for which a node was asked to keep it. */
  longestTtlMs: number;
  /** When the first caller had it, in true time. */
  heldSinceMs: number | undefined;
  isKept: boolean;
  /** Its holder has left it, and nobody has released it since. */
  isLeft: boolean;
}

export class TokenBook {
  private readonly pages = new Map<string, TokenPage>();
  private puts = 0;

  page(token: string): TokenPage {
    const existing = this.pages.get(token);
    if (existing !== undefined) return existing;
    const page: TokenPage = {
      token,
      inherits: undefined,
      askedAtMs: undefined,
      putOrder: undefined,
      put: new Set(),
      removed: new Set(),
      confirmedAtMs: new Map(),
      numberedInVain: new Set(),
      extendAskedAtMs: Infinity,
      granted: new Set(),
      denied: new Set(),
      releaseRefused: new Set(),
      grantedLate: new Set(),
      releaseAsked: new Set(),
      wasHeld: false,
      held: undefined,
      longestTtlMs: 0,
      heldSinceMs: undefined,
      isKept: false,
      isLeft: false,
    };
    this.pages.set(token, page);
    return page;
  }

  all(): Iterable<TokenPage> {
    return this.pages.values();
  }

  put(token: string, node: number): void {
    const page = this.page(token);
    page.put.add(node);
    page.putOrder ??= ++this.puts;
  }

  confirmed(token: string, node: number, atMs: number): void {
    this.page(token).confirmedAtMs.set(node, atMs);
  }

  /** @param slots the permits that went; undefined or 'all': whatever there was */
  removed(token: string, node: number, slots?: readonly number[] | 'all'): void {
    const page = this.page(token);
    const { held = [] } = page;
    // What a node had given besides is not what is held.
    const areStrays =
      held.length > 0 && slots !== 'all' && slots?.every((slot) => !held.includes(slot)) === true;
    if (!areStrays) page.removed.add(node);
  }
}
