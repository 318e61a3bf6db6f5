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
describe.each([
  ['code that V8 optimizes as it goes', []],
  // It makes other objects, and some of them old ones from the start.
  ['code that V8 has not optimized', ['--no-opt', '--no-maglev']],
])('in %s, what is left dies young', (_code, flags) => {
  it.each([
    // 100, for the names and some strings; from 800 on if a single thing keeps what is over.
    ['a lock', 600, 'handle', {}],
    ['a reader', 600, 'handle', { mode: 'shared' }],
    // 200, and 900 on Node 20; there 2,500 if one function of each lock is old from the start.
    ['a lock in a unit of work', 1_500, 'unitOfWork', {}],
  ])('of %s', async (_lock, mostBytes, way, options) => {
    program = new Program(
      'test/e2e/garbage/kept-bytes.ts',
      [way, JSON.stringify(options), ...servers.map(({ url }) => url)],
      ['--expose-gc', ...flags],
    );
    await program.ended();

    const samples = program.lines.map(Number).sort((a, b) => a - b);
    expect(samples).toHaveLength(9);
    // The median: compiled code is kept in the first ones, and a full collection may come in one of them.
    expect(samples[4]).toBeLessThan(mostBytes);
  });
});
