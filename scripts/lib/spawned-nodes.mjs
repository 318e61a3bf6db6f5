import { startRedis } from './redis-servers.mjs';

/** Lock nodes of our own, which can be killed, and started again on the same port. */
export class SpawnedNodes {
  #processes;
  #program;
  #nodes;

  constructor(processes, program, count) {
    this.#processes = processes;
    this.#program = program;
    this.#nodes = Array.from({ length: count }, (_, index) => ({ number: index + 1 }));
  }

  /** Starts all nodes. Returns their URLs. */
  async startAll() {
    await Promise.all(this.#nodes.map((node) => this.#launch(node)));
    return this.#nodes.map(({ url }) => url);
  }

  get states() {
    return this.#nodes.map(({ number, url, isRunning }) => ({ number, url, isRunning }));
  }

  /** Kills a node without a warning, like a machine that fails. */
  async kill(number) {
    const node = this.#find(number);
    if (!node.isRunning) return;
    node.child.kill('SIGKILL');
    await node.exited;
  }

  /** Starts a node again. It has no data, since nothing of it was on a disk. */
  async start(number) {
    const node = this.#find(number);
    // Two calls at the same time start one server.
    if (!node.isRunning) await (node.starting ??= this.#launch(node));
  }

  async #launch(node) {
    try {
      const { url, port, child, exited } = await startRedis(this.#processes, {
        program: this.#program,
        name: `lock node ${node.number}`,
        port: node.port,
      });
      Object.assign(node, { url, port, child, exited, isRunning: true });
      void exited.then(() => (node.isRunning = false));
    } finally {
      node.starting = undefined;
    }
  }

  #find(number) {
    const node = this.#nodes.find((one) => one.number === number);
    if (node === undefined) throw new Error(`There is no lock node ${number}.`);
    return node;
  }
}
