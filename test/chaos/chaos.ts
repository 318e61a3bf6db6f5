import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { PostgresServer } from '../helpers/postgres-server';
import type { ToldProgress } from '../helpers/told-progress';
import { Random } from '../simulation/random';
import { ChaoticNode } from './chaotic-node';
import { ClientProcess } from './client-process';
import { buildClockShim } from './clock-shim';
import { Court } from './court';
import { GuardedTable } from './guarded-table';
import { CLOCK_JUMP, type FaultKind } from './node-faults';
import { pause } from './pause';
import { monotonicMs } from './report';
import { RESOURCES, type Sabotage } from './settings';
import { storm, type StormSetup } from './storm';
import type { Summary } from './summary';

export interface ChaosSettings {
  readonly seed: number;
  readonly processes: number;
  readonly workers: number;
  readonly durationMs: number;
  readonly kinds: readonly FaultKind[];
  readonly sabotage: Sabotage | undefined;
  /** The share of holds without a fencing token. */
  readonly plainHolds: number;
  /** The share of callers that read, or ask for permits. */
  readonly members: number;
  /** The folder of the sources, for the file that is not TypeScript. */
  readonly root: string;
  readonly print: (line: string) => void;
  readonly progress?: ToldProgress;
}

const NODES = 5;
const STORM_MS = 5_500;
/** Long enough for nodes that restarted to wait for the largest ttl, and to grant again. */
const CALM_MS = 4_500;
const LOOK_EVERY_MS = 500;
const LONGEST_START_MS = 15_000;

/** Client processes, redis-servers and a table, and what happens to them. */
export class Chaos {
  private readonly directory = mkdtempSync(join(tmpdir(), 'nestjs-redlock-chaos-'));
  private readonly end = new AbortController();
  private readonly court: Court;
  private readonly clients: ClientProcess[] = [];
  private readonly nodes: ChaoticNode[] = [];
  private kinds: readonly FaultKind[];
  private postgres: PostgresServer | undefined;
  private pool: Pool | undefined;
  private running: Promise<Summary> | undefined;

  constructor(private readonly settings: ChaosSettings) {
    this.kinds = settings.kinds;
    this.court = new Court(settings.print, () => {
      this.end.abort();
    });
  }

  run(): Promise<Summary> {
    return (this.running ??= this.runOnce());
  }

  /** Ends it early; returns when no process is left. */
  async stop(): Promise<void> {
    this.end.abort();
    await this.running?.catch(() => undefined);
  }

  private async runOnce(): Promise<Summary> {
    try {
      await this.start();
      const looking = this.keepLooking();
      await this.weather();
      this.end.abort();
      await looking;
      await this.endClients();
      await this.look(Infinity);
      return this.court.summary;
    } finally {
      await this.cleanUp();
    }
  }

  private async start(): Promise<void> {
    const { seed, processes, workers, sabotage, print, root } = this.settings;
    const clockShim = buildClockShim(join(root, 'test', 'chaos', 'clock-shim.c'), this.directory);
    if (clockShim === undefined && this.kinds.includes(CLOCK_JUMP)) {
      print(`left out: "${CLOCK_JUMP}", which needs Linux and gcc`);
      this.kinds = this.kinds.filter((kind) => kind !== CLOCK_JUMP);
    }
    const random = new Random(seed, 1);
    for (let number = 1; number <= NODES; number += 1)
      this.nodes.push(await ChaoticNode.start(`node ${number}`, random, this.directory, clockShim));
    const table = await this.startTable();
    print(`seed ${seed}: ${processes} processes of ${workers} workers, ${NODES} redis-servers`);
    for (let number = 1; number <= processes; number += 1) {
      const settings = {
        name: `client ${number}`,
        seed: seed * 100 + number,
        workers,
        nodes: this.nodes.map(({ proxy }) => proxy.url),
        table,
        sabotage,
        // What is forgotten shows only while somebody holds it.
        longHolds: sabotage === 'guard' ? 0.4 : 0.02,
        plainHolds: this.settings.plainHolds,
        members: this.settings.members,
      };
      const client = new ClientProcess(settings, this.directory, this.court.hear);
      this.clients.push(client);
      client.start();
    }
  }

  /** @returns its URL */
  private async startTable(): Promise<string | undefined> {
    if (!PostgresServer.canStart) {
      this.settings.print('left out: the guarded table, for which there is no PostgreSQL here');
      return undefined;
    }
    this.postgres = await PostgresServer.start();
    const { url } = this.postgres;
    this.pool = new Pool({ connectionString: url, max: 1 });
    this.pool.on('error', () => undefined);
    await GuardedTable.create(this.pool, RESOURCES);
    return url;
  }

  /** Storms, and after each a calm in which everything works. */
  private async weather(): Promise<void> {
    const { signal } = this.end;
    const { summary } = this.court;
    const setup = this.stormSetup();
    const { durationMs, progress, print } = this.settings;
    const untilMs = monotonicMs() + durationMs;
    progress?.countTime(durationMs);
    await this.untilFirstLock();
    while (!this.hasEnded() && monotonicMs() < untilMs) {
      await storm(setup, Math.min(monotonicMs() + STORM_MS, untilMs));
      const before = summary.counts.acquisitions;
      await pause(CALM_MS, signal);
      if (this.hasEnded()) return;
      summary.countCalm(summary.counts.acquisitions - before);
      const left = progress?.isSeen === false ? `; ${progress.left}` : '';
      print(`${summary.progress()}${left}`);
    }
  }

  private stormSetup(): StormSetup {
    const { seed, sabotage } = this.settings;
    // All at once, so that what they forget shows soon.
    const streamOf = (position: number) => (sabotage === 'guard' ? 10 : 10 + position);
    return {
      nodes: this.nodes,
      clients: this.clients,
      kinds: this.kinds,
      randoms: {
        nodes: this.nodes.map((_, position) => new Random(seed, streamOf(position))),
        clients: new Random(seed, 2),
        clocks: new Random(seed, 3),
      },
      court: this.court,
      end: this.end.signal,
    };
  }

  /** A fault before anything was locked would show nothing. */
  private async untilFirstLock(): Promise<void> {
    const untilMs = monotonicMs() + LONGEST_START_MS;
    while (this.court.summary.counts.acquisitions === 0 && !this.end.signal.aborted) {
      if (monotonicMs() > untilMs) throw new Error('no lock was had although nothing went wrong yet');
      await pause(10, this.end.signal);
    }
  }

  private async keepLooking(): Promise<void> {
    while (!this.end.signal.aborted) {
      await this.look(monotonicMs());
      await pause(LOOK_EVERY_MS, this.end.signal);
    }
  }

  private async look(nowMs: number): Promise<void> {
    this.court.look(nowMs, this.pool === undefined ? [] : await GuardedTable.takeWrites(this.pool));
  }

  /** A call, so that the compiler does not think it knows the answer from before an await. */
  private hasEnded(): boolean {
    return this.end.signal.aborted;
  }

  private async endClients(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.end()));
  }

  private async cleanUp(): Promise<void> {
    await this.endClients();
    await Promise.all(this.nodes.map((node) => node.stop()));
    await this.pool?.end();
    await this.postgres?.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
