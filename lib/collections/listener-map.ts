/** An object that listens to the events of a key. */
export interface Hearer<Event> {
  hear(event: Event): void;
}

/** The listeners of a node, by key. A key that nobody listens to takes no memory (R18). */
export class ListenerMap<Event> {
  /** Nearly all keys have one listener, and there may be very many keys. So a set is made only for a second listener. */
  private readonly listeners = new Map<string, Hearer<Event> | Set<Hearer<Event>>>();

  keys(): string[] {
    return [...this.listeners.keys()];
  }

  get isEmpty(): boolean {
    return this.listeners.size === 0;
  }

  has(key: string): boolean {
    return this.listeners.has(key);
  }

  add(key: string, listener: Hearer<Event>): void {
    const there = this.listeners.get(key);
    if (there === undefined) this.listeners.set(key, listener);
    else if (there instanceof Set) there.add(listener);
    else this.listeners.set(key, new Set([there, listener]));
  }

  remove(key: string, listener: Hearer<Event>): void {
    const there = this.listeners.get(key);
    if (there instanceof Set) {
      there.delete(listener);
      if (there.size === 0) this.listeners.delete(key);
    } else if (there === listener) {
      this.listeners.delete(key);
    }
  }

  count(key: string): number {
    const there = this.listeners.get(key);
    return there instanceof Set ? there.size : Number(there !== undefined);
  }

  call(key: string, event: Event): void {
    const there = this.listeners.get(key);
    if (there === undefined) return;
    // This iterates a copy, since a listener may remove itself or add another.
    for (const listener of there instanceof Set ? [...there] : [there]) listener.hear(event);
  }
}
