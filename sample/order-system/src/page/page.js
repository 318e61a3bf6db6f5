// What a person does here is done by the routes of the shop, and by nothing else.
const LOOK_EVERY_MS = 1_000;
const MOST_LINES = 100;
const SKU = 'tea';

/** Where the processes of the shop answer; the first request tells. */
let apps = [''];
let lastOrder;

const byId = (id) => document.getElementById(id);

/** What the buttons do, by their data-do. */
const deeds = {
  async buy() {
    const { app, status, body, ms } = await post(0, '/orders', { sku: SKU, quantity: 1 });
    if (status !== 201) return say(`Not bought: ${reasonOf(body, status)}`, true);
    lastOrder = body;
    showOrder();
    say(`Bought a packet at ${app} in ${ms} ms: order ${body.id}`);
  },

  async rush() {
    say('50 people buy at once …');
    const answers = await together(50, (turn) => post(turn, '/orders', { sku: SKU, quantity: 1 }));
    const sold = answers.filter(({ status }) => status === 201).length;
    const none = answers.filter(({ body }) => body.code === 'SOLD_OUT').length;
    const left = answers.length - sold - none;
    const others = left === 0 ? '' : `, and ${left} failed: ${reasonOf(failureIn(answers))}`;
    say(`Of 50 people, ${sold} bought and ${none} found it sold out${others}.`, left > 0);
  },

  async count() {
    say('Somebody counts the tea for 10 seconds. Buyers wait meanwhile.');
    const { status, body } = await post(0, `/stock/${SKU}/count`, { seconds: 10 });
    if (status === 200) say(`Counted: ${body.available} packets.`);
    else say(`Not counted: ${reasonOf(body, status)}`, true);
  },

  async payTwice() {
    if (lastOrder === undefined) return say('There is no order to pay yet: buy a packet first.', true);
    const { id } = lastOrder;
    const answers = await together(2, (turn) => post(turn, `/orders/${id}/pay`));
    const paid = answers.find(({ status }) => status === 200);
    if (paid === undefined) return say(`Not paid: ${reasonOf(answers[0].body, answers[0].status)}`, true);
    if (lastOrder.id === id) lastOrder = paid.body;
    showOrder();
    const { body: payments } = await send('GET', apps[0], `/orders/${id}/payments`);
    const where = answers.map(({ app, status }) => `${app} answered ${status}`).join(', ');
    say(`2 requests to pay: ${where}; payments made: ${payments.length}.`, payments.length !== 1);
  },

  async receive() {
    tell(
      'Received 10 packets in the north',
      await post(0, '/warehouses/receive', goods({ warehouse: 'north' })),
    );
  },

  async move() {
    tell(
      'Moved 10 packets to the south',
      await post(0, '/warehouses/move', goods({ from: 'north', to: 'south' })),
    );
  },

  async cross() {
    const ways = [goods({ from: 'north', to: 'south' }, 2), goods({ from: 'south', to: 'north' }, 1)];
    const answers = await together(20, (turn) => post(turn, '/warehouses/move', ways[(turn >> 1) % 2]));
    const moved = answers.filter(({ status }) => status === 200).length;
    const others = moved === 20 ? '' : `, and ${20 - moved} not: ${reasonOf(failureIn(answers))}`;
    say(`20 moves at once: ${moved} done${others}.`, moved < 20);
  },
};

const goods = (where, quantity = 10) => ({ ...where, sku: SKU, quantity });

document.addEventListener('click', ({ target }) => {
  const { do: name, node, deed } = target.dataset ?? {};
  const doing = name !== undefined ? deeds[name]() : node === undefined ? undefined : trouble(node, deed);
  doing?.then(look, (error) => say(`The shop does not answer: ${error.message}`, true));
});

/** Kills a lock node, or starts it. */
async function trouble(node, deed) {
  const { status, body } = await send('POST', '', `/trouble/nodes/${node}/${deed}`, undefined, {
    'x-shop-page': '1',
  });
  if (status !== 200) return say(reasonOf(body, status), true);
  say(
    deed === 'kill'
      ? `Killed lock node ${node}.`
      : `Started lock node ${node} again: it has forgotten its locks.`,
  );
}

/** In turns to each process. Tells how long it took. */
async function post(turn, path, content) {
  const app = apps[turn % apps.length];
  const start = performance.now();
  const answer = await send('POST', app, path, content);
  return { ...answer, app: nameOf(app), ms: Math.round(performance.now() - start) };
}

async function send(method, app, path, content, headers = {}) {
  const response = await fetch(`${app}${path}`, {
    method,
    headers: { ...(content && { 'content-type': 'application/json' }), ...headers },
    ...(content && { body: JSON.stringify(content) }),
  });
  return { status: response.status, body: await response.json().catch(() => ({})) };
}

function together(count, call) {
  return Promise.all(Array.from({ length: count }, (_, turn) => call(turn)));
}

function nameOf(app) {
  return `process ${apps.indexOf(app) + 1}`;
}

function failureIn(answers) {
  return answers.find(({ status, body }) => status >= 400 && body.code !== 'SOLD_OUT')?.body;
}

function reasonOf(body, status = '') {
  return body?.message ?? `the answer was ${status}`;
}

function tell(done, { status, body, ms }) {
  if (status === 200) say(`${done} in ${ms} ms.`);
  else say(`Not done: ${reasonOf(body, status)}`, true);
}

function say(what, isBad = false) {
  const line = document.createElement('p');
  const time = document.createElement('time');
  time.textContent = new Date().toLocaleTimeString(undefined, { hour12: false });
  line.append(time, ` ${what}`);
  if (isBad) line.className = 'bad';
  byId('log').prepend(line);
  byId('log').children[MOST_LINES]?.remove();
}

function showOrder() {
  byId('order').textContent = `${lastOrder.id}, ${lastOrder.status}`;
}

/** What is shown all the time. */
async function look() {
  try {
    const [stock, north, south, fleet, board] = await Promise.all(
      [
        `/stock/${SKU}`,
        `/warehouses/north/${SKU}`,
        `/warehouses/south/${SKU}`,
        '/trouble',
        '/locks/state',
      ].map(async (path) => {
        const { status, body } = await send('GET', '', path);
        if (status !== 200) throw new Error(reasonOf(body, status));
        return body;
      }),
    );
    byId('stock').textContent = stock.available;
    byId('north').textContent = north.north;
    byId('south').textContent = south.south;
    if (fleet.apps.length > 0) apps = fleet.apps;
    byId('processes').textContent =
      apps.length > 1 ? `${apps.length} processes share the locks.` : 'One process runs.';
    showNodes(fleet, board);
    showProblem('');
  } catch (error) {
    showProblem(`The shop cannot tell how it is: ${error.message}`);
  }
}

function showProblem(text) {
  const place = byId('problem');
  if (place.textContent !== text) place.textContent = text;
  place.hidden = text === '';
}

function showNodes({ nodes: ours }, { nodes, mayFail, quorum, locks, at }) {
  const words =
    mayFail < 0
      ? `No lock can be had: ${-mayFail} more of ${nodes.length} must grant.`
      : `${mayFail} more of ${nodes.length} may fail; a lock needs ${quorum}.`;
  setText(
    'nodes-words',
    ours.length === 0 ? `${words} They were not started by the shop, so it cannot kill one.` : words,
  );
  setText('locked', locks.map(nameLock).join(', ') || 'nothing');
  const list = byId('nodes');
  nodes.forEach((node, index) => {
    const line = list.children[index] ?? list.appendChild(document.createElement('li'));
    const own = ours.find(({ url }) => new URL(url).host === node.node);
    showNode(line, node, own, at);
  });
}

/** The button stays the same one while it is looked at, or it would lose the focus. */
function showNode(line, { node, state, guardedUntil }, own, at) {
  if (line.firstChild === null) line.append(document.createElement('span'));
  const wait = guardedUntil === undefined ? '' : ` for ${Math.ceil((guardedUntil - at) / 1_000)} s`;
  const text = `${own === undefined ? node : `Lock node ${own.number}, ${node}`}: ${state}${wait} `;
  if (line.firstChild.textContent !== text) line.firstChild.textContent = text;
  if (own === undefined) return;
  const button = line.children[1] ?? line.appendChild(document.createElement('button'));
  const deed = own.isRunning ? 'kill' : 'start';
  Object.assign(button.dataset, { node: own.number, deed });
  const name = own.isRunning ? `Kill node ${own.number}` : `Start node ${own.number} again`;
  if (button.textContent !== name) button.textContent = name;
}

function nameLock({ resource, holders }) {
  const label = holders[0]?.label;
  return label === undefined ? resource : `${resource} (${label})`;
}

function setText(id, text) {
  if (byId(id).textContent !== text) byId(id).textContent = text;
}

/** One look at a time: an answer that waits for a lost node must not be followed by a queue of others. */
for (;;) {
  if (!document.hidden) await look();
  await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
}
