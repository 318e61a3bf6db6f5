/**
 * A map that is nearly always empty or has one entry. A single entry needs no table. A `Map` that is emptied makes
 * a smaller table each time, which is a large part of what a lone lock costs.
 */
export class SmallMap<V extends object | number> {
  private onlyKey = '';
  private onlyValue: V | undefined;
  /** All entries, once there were two at the same time, until the map is empty again. */
  private many: Map<string, V> | undefined;

  get size(): number {
    if (this.many !== undefined) return this.many.size;
    return this.onlyValue === undefined ? 0 : 1;
  }

  get(key: string): V | undefined {
    if (this.many !== undefined) return this.many.get(key);
    return this.onlyKey === key ? this.onlyValue : undefined;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  set(key: string, value: V): void {
    if (this.many === undefined && (this.onlyValue === undefined || this.onlyKey === key)) {
      this.onlyKey = key;
      this.onlyValue = value;
      return;
    }
    this.spread().set(key, value);
  }

  delete(key: string): void {
    if (this.many !== undefined) {
      this.many.delete(key);
      if (this.many.size === 0) this.many = undefined;
    } else if (this.onlyKey === key) {
      this.onlyKey = '';
      this.onlyValue = undefined;
    }
  }

  private spread(): Map<string, V> {
    if (this.many !== undefined) return this.many;
    this.many = new Map();
    if (this.onlyValue !== undefined) this.many.set(this.onlyKey, this.onlyValue);
    this.onlyKey = '';
    this.onlyValue = undefined;
    return this.many;
  }
}
