// `npm start`: runs the order system on this machine, until Ctrl-C.
import { sendOrFail } from './lib/http.mjs';
import { prepare } from './lib/prepare.mjs';
import { Shop, withoutPassword } from './lib/shop.mjs';
import { stopOnSignal } from './lib/stop-on-signal.mjs';

const shop = new Shop();
stopOnSignal(() => {
  console.log('Stopping …');
  return shop.stop();
});

try {
  await prepare();
  const backends = await shop.startBackends();
  const apps = await shop.startApps({ firstPort: Number(process.env.PORT ?? 3000), onLine: console.log });
  const order = await seed(apps[0].url);
  console.log(
    [...describe(backends, apps), ...linesToTry(apps, order, backends), 'Ctrl-C stops everything.'].join(
      '\n',
    ),
  );

  const end = await Promise.race(apps.map(async ({ name, exited }) => `${name} ${await exited}`));
  throw new Error(end);
} catch (error) {
  if (!stopOnSignal.stopping) {
    console.error(error.message);
    process.exitCode = 1;
    await shop.stop();
    process.exit();
  }
}

/** Adds something to sell, and one order to pay. */
async function seed(url) {
  await sendOrFail('POST', `${url}/warehouses/receive`, { warehouse: 'north', sku: 'tea', quantity: 100 });
  return sendOrFail('POST', `${url}/orders`, { sku: 'tea', quantity: 1 });
}

function describe({ locks, data }, apps) {
  return [
    '',
    'The order system runs. Open its page, to buy, to pay, and to kill a lock node:',
    ...apps.map(({ name, url }) => place(name, url)),
    place('locks', `${apps[0].url}/locks`),
    place('health', `${apps[0].url}/health`),
    place('metrics', `${apps[0].url}/metrics`),
    ...describeLocks(locks),
    ...describeData(data),
    ...(apps.length > 1 ? [] : ['  One process only: another one could not see what is in its memory.']),
    '',
  ];
}

function describeLocks({ kind, nodes, why }) {
  if (kind === 'memory') {
    return [
      place('lock nodes', `in memory: ${why}.`),
      '                With redis-server, or with REDIS_NODES=redis://…,redis://…, processes share real locks.',
    ];
  }
  const whose = kind === 'own' ? ' (yours)' : '';
  return nodes.map((url, index) => place(`lock node ${index + 1}`, withoutPassword(url) + whose));
}

function describeData({ kind, url, why }) {
  if (kind === 'memory') {
    return [
      place('data', `in memory, and gone with the process: ${why}.`),
      '                With DATABASE_URL=postgres://… it is in a PostgreSQL of yours.',
    ];
  }
  return [place('data', withoutPassword(url) + (kind === 'own' ? ' (yours)' : ''))];
}

function place(name, url) {
  return `  ${name.padEnd(12)}  ${url}`;
}

function linesToTry(apps, order, { locks: { nodes } }) {
  const first = apps[0].url;
  const second = apps.at(-1).url;
  const json = `-H 'content-type: application/json' -d`;
  const pay = (url) => `curl -s -X POST ${url}/orders/${order.id}/pay`;
  return [
    'Buy one packet of tea:',
    `  curl -s -X POST ${first}/orders ${json} '{"sku":"tea","quantity":1}'`,
    `Pay one order twice at the same moment${first === second ? '' : ', at both processes'}; one payment is made:`,
    `  ${pay(first)} & ${pay(second)} & wait; curl -s ${second}/orders/${order.id}/payments`,
    'Move ten packets to another warehouse, with both warehouses locked:',
    `  curl -s -X POST ${second}/warehouses/move ${json} '{"from":"north","to":"south","sku":"tea","quantity":10}'`,
    ...(nodes.length === 0 ? [] : linesForNodes(nodes)),
    '',
  ];
}

/** The reader has to insert the password. */
function linesForNodes(nodes) {
  const urls = nodes.map((url) => withoutPassword(url)).join(',');
  return [
    'See whether the lock nodes are fit, and who holds what:',
    `  npm run -s program -- doctor --nodes ${urls}`,
    `  npm run -s program -- watch --nodes ${urls}`,
  ];
}
