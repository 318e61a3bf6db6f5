import { Redis } from 'ioredis';
import { Processes } from '../../scripts/lib/processes.mjs';
import { findRedisServer } from '../../scripts/lib/redis-binary.mjs';
import { startRedisServer } from '../../scripts/lib/redis-servers.mjs';

const REQUESTS = ['evalsha', 'eval', 'subscribe', 'unsubscribe'];

/** The masters of the bench, which end with it. */
export class Fleet {
  urls = [];
  #processes = new Processes();
  #observers = [];

  static async start(size) {
    const fleet = new Fleet();
    const program = findRedisServer();
    const names = Array.from({ length: size }, (_, index) => `lock node ${index + 1}`);
    fleet.urls = await Promise.all(
      names.map((name) => startRedisServer(fleet.#processes, { program, name })),
    );
    fleet.#observers = fleet.urls.map((url) => new Redis(url));
    return fleet;
  }

  /** The fields of `INFO`, per node, as objects of strings. */
  async info(...sections) {
    const texts = await Promise.all(this.#observers.map((redis) => redis.info(...sections)));
    return texts.map((text) =>
      Object.fromEntries(
        text
          .split('\r\n')
          .filter((line) => line.includes(':'))
          .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
      ),
    );
  }

  /**
   * The commands that all nodes together have processed, including those inside of scripts and our own
   * `INFO`.
   */
  async commandsProcessed() {
    const infos = await this.info('stats');
    return infos.reduce((total, info) => total + Number(info.total_commands_processed), 0);
  }

  /**
   * The requests of clients that all nodes together have answered: scripts and subscriptions, which readers,
   * permits and the line need. Commands inside of a script are no requests.
   */
  async requestsAnswered() {
    const infos = await this.info('commandstats');
    const calls = infos.flatMap((info) =>
      REQUESTS.map((name) => Number(/calls=(\d+)/.exec(info[`cmdstat_${name}`] ?? '')?.[1] ?? 0)),
    );
    return calls.reduce((total, count) => total + count, 0);
  }

  /** The number of keys of each node. */
  keyCounts() {
    return Promise.all(this.#observers.map((redis) => redis.dbsize()));
  }

  async pids() {
    const infos = await this.info('server');
    return infos.map(({ process_id }) => Number(process_id));
  }

  async stop() {
    for (const redis of this.#observers) redis.disconnect();
    await this.#processes.stop();
  }
}
