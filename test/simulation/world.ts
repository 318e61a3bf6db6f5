import { Callers } from './callers';
import { inject } from './faults';
import { Judge } from './judge';
import type { Coverage, Feature, Outcome } from './outcome';
import type { NodePlan, Plan } from './plan';
import { Random } from './random';
import { RULES, type Rules } from './rules';
import { SimulatedClient } from './simulated-client';
import { SimulatedCluster } from './simulated-cluster';
import { SimulatedNode } from './simulated-node';
import { Timeline } from './timeline';
import { TokenBook } from './token-book';

/** More than that happens in no history that ends. */
const MOST_HAPPENINGS = 100_000;

export interface RunOptions {
  readonly rules?: Partial<Rules>;
  /** Hears what happens, line by line. */
  readonly onNote?: (line: string) => void;
}

/** Runs one history from its beginning until nothing happens any more. The same plan always gives the same outcome. */
export async function run(plan: Plan, options: RunOptions = {}): Promise<Outcome> {
  return new World(plan, options).run();
}

/** Everything there is in one history. */
export class World {
  readonly timeline = new Timeline();
  readonly tokens = new TokenBook();
  readonly rules: Rules;
  readonly judge: Judge;
  readonly nodes: readonly (SimulatedNode | SimulatedCluster)[];
  readonly clients: SimulatedClient[];
  readonly callers: Callers;
  readonly coverage: Coverage = new Map();
  /** The client whose turn it was last. */
  running: SimulatedClient | undefined;

  constructor(
    readonly plan: Plan,
    private readonly options: RunOptions,
  ) {
    this.rules = { ...RULES, ...options.rules };
    this.judge = new Judge(this);
    this.callers = new Callers(this);
    const nodes: (SimulatedNode | SimulatedCluster)[] = [];
    for (const [position, node] of plan.nodes.entries()) {
      const same = node.sameAs === undefined ? undefined : nodes[node.sameAs];
      nodes.push(same ?? this.newNode(node, position));
    }
    this.nodes = nodes;
    this.clients = plan.clients.map((client, position) => new SimulatedClient(this, position, 0, client));
  }

  get areFaultsOn(): boolean {
    return this.timeline.nowMs < this.plan.healAtMs;
  }

  async run(): Promise<Outcome> {
    const { plan, timeline } = this;
    for (const call of plan.calls) {
      timeline.at(call.atMs, () => {
        this.callers.start(call);
      });
    }
    for (const fault of plan.faults) inject(this, fault);
    await this.play(Infinity);
    this.judge.lookAtRest();
    if (this.judge.violation === undefined) {
      this.callers.probe();
      await this.play(Infinity);
      this.judge.lookAtEnd();
    }
    this.judge.countAttempts();
    return { violation: this.judge.violation, coverage: this.coverage, endMs: timeline.nowMs };
  }

  clientAt(position: number): SimulatedClient {
    const client = this.clients[position];
    if (client === undefined) throw new Error(`there is no client ${position}`);
    return client;
  }

  /** Another process in the place of one that was killed. */
  replaceClient(position: number): void {
    const { generation } = this.clientAt(position);
    const plan = this.plan.clients[position];
    if (plan !== undefined)
      this.clients[position] = new SimulatedClient(this, position, generation + 1, plan);
  }

  count(feature: Feature): void {
    this.coverage.set(feature, (this.coverage.get(feature) ?? 0) + 1);
  }

  note(line: () => string): void {
    this.options.onNote?.(`${this.timeline.nowMs.toFixed(2).padStart(10)}  ${line()}`);
  }

  private newNode(plan: NodePlan, position: number): SimulatedNode | SimulatedCluster {
    const { masters = 1 } = plan;
    const name = `node-${position + 1}`;
    if (masters === 1) return this.newServer(plan, position, name, 10 + position);
    const each = Array.from({ length: masters }, (_, index) =>
      this.newServer(
        { ...plan, offMs: (plan.offMs ?? 0) + index * (plan.apartMs ?? 0) },
        position,
        `${name}/${index + 1}`,
        10_000 + position * 8 + index,
      ),
    );
    return new SimulatedCluster(name, position, each);
  }

  private newServer(plan: NodePlan, position: number, name: string, stream: number): SimulatedNode {
    const random = new Random(this.plan.seed, stream);
    const node = new SimulatedNode(name, position, plan, this.timeline, random, this.tokens);
    node.onSentOn = () => {
      this.count('redirected request');
    };
    node.onCrash = () => {
      for (const { links } of this.clients)
        for (const link of links.flatMap((one) => ('links' in one ? one.links : [one])))
          if (link.node === node) link.break(null);
    };
    return node;
  }

  private async play(untilMs: number): Promise<void> {
    const { timeline, judge } = this;
    for (let next = timeline.next(untilMs); next !== undefined; next = timeline.next(untilMs)) {
      this.running = undefined;
      next.run();
      // A turn of a client; what only moves messages needs no settling.
      const running = this.running as SimulatedClient | undefined;
      if (running !== undefined) {
        await settle();
        running.endTurn();
      }
      judge.lookAfterTurn();
      if (judge.violation !== undefined) return;
      if (timeline.happened > MOST_HAPPENINGS) {
        judge.accuse('ends', `nothing comes to rest: ${MOST_HAPPENINGS} things have happened`);
        return;
      }
    }
  }
}

/** All promises that can go on have gone on. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
