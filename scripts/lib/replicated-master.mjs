import { startRedis } from './redis-servers.mjs';
import { requireFromSample } from './sample.mjs';
import { SlowLink } from './slow-link.mjs';

const LONGEST_WAIT_MS = 15_000;

/** A master and the replica that replaces it: what Sentinel and managed failovers do, step by step. */
export class ReplicatedMaster {
  #link = new SlowLink();

  async start(processes, program) {
    // Without this, the master waits five seconds for more replicas.
    const atOnce = { 'repl-diskless-sync-delay': 0 };
    this.master = await startRedis(processes, { program, name: 'master', options: atOnce });
    const port = await this.#link.open(this.master.port);
    const options = { replicaof: ['127.0.0.1', port] };
    this.replica = await startRedis(processes, { program, name: 'replica', options });
    await this.#untilReplicaFollows();
  }

  /** From now on, the grants of the master do not reach the replica. */
  slowDown() {
    this.#link.becomeSlow();
  }

  async killMaster() {
    this.master.child.kill('SIGKILL');
    await this.master.exited;
  }

  /** Promotes the replica. Returns the number of keys that the new master has. */
  async promoteReplica() {
    return onServer(this.replica.url, async (client) => {
      await client.call('REPLICAOF', 'NO', 'ONE');
      return client.dbsize();
    });
  }

  close() {
    this.#link.close();
  }

  #untilReplicaFollows() {
    return onServer(this.replica.url, async (client) => {
      const deadline = performance.now() + LONGEST_WAIT_MS;
      while (!(await client.info('replication')).includes('master_link_status:up')) {
        if (performance.now() > deadline) throw new Error('The replica does not follow its master.');
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
  }
}

async function onServer(url, work) {
  const { Redis } = requireFromSample('ioredis');
  const client = new Redis(url);
  try {
    return await work(client);
  } finally {
    client.disconnect();
  }
}
