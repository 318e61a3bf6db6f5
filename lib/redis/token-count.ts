/** How many requests with an owner token are under way; a token without any takes no memory. */
export class TokenCount {
  private readonly counts = new Map<string, number>();

  has(token: string): boolean {
    return this.counts.has(token);
  }

  add(token: string): void {
    this.counts.set(token, (this.counts.get(token) ?? 0) + 1);
  }

  remove(token: string): void {
    const count = this.counts.get(token) ?? 0;
    if (count > 1) this.counts.set(token, count - 1);
    else this.counts.delete(token);
  }
}
