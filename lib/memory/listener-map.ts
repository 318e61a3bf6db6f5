/** Listeners by key; a key that nobody listens to takes no memory. */
export class ListenerMap<K, L extends () => void> {
  private readonly listeners = new Map<K, Set<L>>();

  /** Listens until the returned function is called. */
  add(key: K, listener: L): () => void {
    const set = this.listeners.get(key) ?? new Set<L>();
    this.listeners.set(key, set.add(listener));
    return () => {
      set.delete(listener);
      if (set.size === 0 && this.listeners.get(key) === set) this.listeners.delete(key);
    };
  }

  call(key: K): void {
    // A copy: a listener may remove itself, or add another.
    for (const listener of [...(this.listeners.get(key) ?? [])]) listener();
  }
}
