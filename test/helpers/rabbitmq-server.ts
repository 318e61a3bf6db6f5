import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Broker } from './broker';
import { findFreePort } from './free-port';

/** The program of Debian's package. The one in PATH changes to a user of its own, who may not write into our folder. */
const DEBIAN = '/usr/lib/rabbitmq/bin/rabbitmq-server';

/** A node of RabbitMQ, apart from others that may run here: with ports, data, a name and a cookie of its own. */
export function startRabbitMq(): Promise<Broker> {
  return Broker.start(async (port, directory) => {
    const [distribution, epmd] = [await findFreePort(), await findFreePort()];
    const names = { ERL_EPMD_PORT: String(epmd), ERL_EPMD_ADDRESS: '127.0.0.1' };
    return {
      program: existsSync(DEBIAN) ? DEBIAN : 'rabbitmq-server',
      args: [],
      // The service for the names of nodes goes on without them.
      cleanUp: () => spawnSync('epmd', ['-kill'], { env: { ...process.env, ...names } }),
      env: {
        HOME: directory,
        RABBITMQ_NODENAME: `test-${port}@localhost`,
        RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
        RABBITMQ_NODE_PORT: String(port),
        RABBITMQ_DIST_PORT: String(distribution),
        ...names,
        RABBITMQ_MNESIA_BASE: `${directory}/mnesia`,
        RABBITMQ_LOG_BASE: `${directory}/log`,
        RABBITMQ_ENABLED_PLUGINS_FILE: `${directory}/plugins`,
        RABBITMQ_PID_FILE: `${directory}/pid`,
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-setcookie test-${port}`,
      },
    };
  });
}
