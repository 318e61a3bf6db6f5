import { createHash, randomBytes } from 'node:crypto';
import { connect, disconnect } from './clients.mjs';
import { TTL_MS } from './settings.mjs';

const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;
const SHA = createHash('sha1').update(RELEASE).digest('hex');

/**
 * Uses no lock library: it sends the two commands per node that every library has to send one by one, and
 * waits for a quorum of answers. It does not retry, keeps nothing alive and has no deadline.
 */
export async function open(urls) {
  const clients = await connect(urls);
  await Promise.all(clients.map((client) => client.script('LOAD', RELEASE)));
  const prefix = randomBytes(16).toString('hex');
  let made = 0;
  return {
    async acquire(key) {
      const token = prefix + (made += 1);
      await quorum(clients, (client) => client.set(key, token, 'PX', TTL_MS, 'NX'), 'OK');
      return { key, token };
    },
    release: ({ key, token }) => quorum(clients, (client) => client.evalsha(SHA, 1, key, token), 1),
    close: () => disconnect(clients),
  };
}

function quorum(clients, send, yes) {
  const needed = Math.floor(clients.length / 2) + 1;
  return new Promise((resolve, reject) => {
    let granted = 0;
    let answered = 0;
    const receive = (reply) => {
      answered += 1;
      if (reply === yes && (granted += 1) === needed) resolve();
      else if (answered === clients.length) reject(new Error(`${granted} of ${answered} nodes agreed`));
    };
    for (const client of clients) send(client).then(receive, receive);
  });
}
