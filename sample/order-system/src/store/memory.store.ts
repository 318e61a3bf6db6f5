import { Store, type Records } from './store';

/** Everything in this process, gone with it. */
export class MemoryStore extends Store {
  private readonly records = new Map<string, Map<string, string>>();

  override read<Kind extends keyof Records>(kind: Kind, id: string): Promise<Records[Kind] | undefined> {
    const json = this.recordsOf(kind).get(id);
    return Promise.resolve(json === undefined ? undefined : (JSON.parse(json) as Records[Kind]));
  }

  override write<Kind extends keyof Records>(kind: Kind, id: string, value: Records[Kind]): Promise<void> {
    // As text, like Redis does it: what was read is a copy, and changing it changes nothing here.
    this.recordsOf(kind).set(id, JSON.stringify(value));
    return Promise.resolve();
  }

  override list<Kind extends keyof Records>(kind: Kind): Promise<Records[Kind][]> {
    return Promise.resolve(
      [...this.recordsOf(kind).values()].map((json) => JSON.parse(json) as Records[Kind]),
    );
  }

  private recordsOf(kind: keyof Records): Map<string, string> {
    const known = this.records.get(kind);
    if (known !== undefined) return known;
    const fresh = new Map<string, string>();
    this.records.set(kind, fresh);
    return fresh;
  }
}
