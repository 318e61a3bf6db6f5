/** The listeners of a node, by key. A key that nobody listens to takes no memory (R18). */
export class ListenerMap<Event> {
  private readonly listeners = new Map<string, Set<(event: Event) => void>>();

  keys(): string[] {
    return [...this.listeners.keys()];
  }

  get isEmpty(): boolean {
    return this.listeners.size === 0;
  }

  has(key: string): boolean {
    return this.listeners.has(key);
  }

  add(key: string, listener: (event: Event) => void): void {
    const set = this.listeners.get(key);
    if (set === undefined) this.listeners.set(key, new Set([listener]));
    else set.add(listener);
  }

  remove(key: string, listener: (event: Event) => void): void {
    const set = this.listeners.get(key);
    set?.delete(listener);
    if (set?.size === 0) this.listeners.delete(key);
  }

  count(key: string): number {
    return this.listeners.get(key)?.size ?? 0;
  }

  call(key: string, event: Event): void {
    // This iterates a copy, since a listener may remove itself or add another.
    for (const listener of [...(this.listeners.get(key) ?? [])]) listener(event);
  }
}
