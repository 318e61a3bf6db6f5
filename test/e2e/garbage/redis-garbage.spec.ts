import { Program } from '../../helpers/program';
import { type RedisServer, startRedisServers } from '../../helpers/redis-server';

let servers: RedisServer[] = [];
let program: Program | undefined;

beforeAll(async () => {
  servers = await startRedisServers(3);
});

afterEach(async () => {
  await program?.dispose();
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

/**
 * What outlives a young collection is copied, and lives on until the next full one. Of what a lock allocates, about 7 kB,
 * that should be nothing once it is over.
 *
 * In a process of its own: each AsyncLocalStorage that was ever used in a process leaves a property on every promise from
 * then on, and the tests that ran before in one of jest's have used up to eighty of them.
 */
it.each([
  // 300, for the names and some strings; from 1,500 on if a single thing keeps what is over.
  ['a lock', 600, {}],
  // 1,100, and 3,000.
  ['a reader', 2_000, { mode: 'shared' }],
])('what is left of %s dies young', async (_, mostBytes, options) => {
  program = new Program(
    'test/e2e/garbage/kept-bytes.ts',
    [JSON.stringify(options), ...servers.map(({ url }) => url)],
    ['--expose-gc'],
  );
  await program.ended();

  const samples = program.lines.map(Number).sort((a, b) => a - b);
  expect(samples).toHaveLength(9);
  // The median: compiled code is kept in the first ones, and a full collection may come in one of them.
  expect(samples[4]).toBeLessThan(mostBytes);
});
