import { fenceOf, StaleFenceError, type Fence, type Fenceable } from '@nest-quorum/redlock/fencing';
import { KEYS, type Key, type Kind, type Records } from './records';
import { Store, type Transaction } from './store';

interface Row {
  readonly record: Records[Kind] | undefined;
  readonly fence: Fence | undefined;
}

type Rows = Map<string, Row>;

/** Keeps everything in this process. It is lost when the process ends. */
export class MemoryStore extends Store {
  private readonly kinds = new Map<Kind, Rows>();

  override open(): Promise<void> {
    return Promise.resolve();
  }

  override async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const transaction = new MemoryTransaction((kind) => this.rowsOf(kind));
    const result = await work(transaction);
    transaction.commit();
    return result;
  }

  private rowsOf(kind: Kind): Rows {
    const known = this.kinds.get(kind);
    if (known !== undefined) return known;
    const fresh: Rows = new Map();
    this.kinds.set(kind, fresh);
    return fresh;
  }
}

/** Sees the kept records, and its own writes. Others see its writes when it is done. */
class MemoryTransaction implements Transaction {
  private readonly written = new Map<Kind, Rows>();

  constructor(private readonly rowsOf: (kind: Kind) => Rows) {}

  read<K extends Kind>(kind: K, key: Key<K>): Promise<Records[K] | undefined> {
    return Promise.resolve(copyOf(this.find(kind, nameOf(kind, key))?.record as Records[K] | undefined));
  }

  async claim<K extends Kind>(kind: K, key: Key<K>, lock?: Fenceable): Promise<Records[K] | undefined> {
    const record = await this.read(kind, key);
    if (lock === undefined) return record;
    const fence = this.passFence(kind, nameOf(kind, key), lock);
    // The fence is set at once and not at the end, so that an earlier holder is refused from now on.
    this.rowsOf(kind).set(nameOf(kind, key), {
      record: this.rowsOf(kind).get(nameOf(kind, key))?.record,
      fence,
    });
    return record;
  }

  async write<K extends Kind>(kind: K, record: Records[K], lock?: Fenceable): Promise<void> {
    const name = nameOf(kind, record);
    const fence = lock === undefined ? this.rowsOf(kind).get(name)?.fence : this.passFence(kind, name, lock);
    const rows = this.written.get(kind) ?? new Map<string, Row>();
    rows.set(name, { record: copyOf(record), fence });
    this.written.set(kind, rows);
    await Promise.resolve();
  }

  list<K extends Kind>(kind: K): Promise<Records[K][]> {
    const all = new Map([...this.rowsOf(kind), ...(this.written.get(kind) ?? [])]);
    const records = [...all.values()].map(({ record }) => record).filter((record) => record !== undefined);
    return Promise.resolve(records.map((record) => copyOf(record as Records[K])));
  }

  commit(): void {
    // The fences are checked once more, since a later holder may have been there in the meantime.
    for (const [kind, rows] of this.written)
      for (const [name, row] of rows) this.refuseStale(kind, name, row.fence);
    for (const [kind, rows] of this.written) for (const [name, row] of rows) this.rowsOf(kind).set(name, row);
  }

  private find(kind: Kind, name: string): Row | undefined {
    return this.written.get(kind)?.get(name) ?? this.rowsOf(kind).get(name);
  }

  private passFence(kind: Kind, name: string, lock: Fenceable): Fence {
    const fence = fenceOf(lock);
    this.refuseStale(kind, name, fence, lock.resources);
    return fence;
  }

  private refuseStale(
    kind: Kind,
    name: string,
    fence: Fence | undefined,
    resources: readonly string[] = [`${kind} ${name}`],
  ): void {
    const last = this.rowsOf(kind).get(name)?.fence;
    if (fence === undefined || last === undefined || fence.token > last.token) return;
    if (fence.token === last.token && fence.owner === last.owner) return;
    throw new StaleFenceError({ resources, token: fence.token });
  }
}

function nameOf<K extends Kind>(kind: K, key: Key<K>): string {
  return JSON.stringify(KEYS[kind].map((field) => key[field as keyof Key<K>]));
}

/** Copies a record, as a database does. A caller that changes its copy changes nothing here. */
function copyOf<T>(record: T): T {
  return structuredClone(record);
}
