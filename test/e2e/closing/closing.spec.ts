import { Program } from '../../helpers/program';
import { type RedisServer, startRedisServers } from '../../helpers/redis-server';

let servers: RedisServer[];
let program: Program | undefined;

beforeEach(async () => {
  servers = await startRedisServers(3);
});

afterEach(async () => {
  await program?.dispose();
  await Promise.all(servers.map((server) => server.stop()));
});

it('no timer keeps a process alive after close()', async () => {
  program = new Program(
    'test/e2e/closing/closed.ts',
    servers.map(({ url }) => url),
  );
  await program.ended();

  expect(program.lines).toEqual(['0']);
});
