import { Program } from '../../helpers/program';
import { type RedisServer, startRedisServers } from '../../helpers/redis-server';
import { until } from '../../helpers/until';

let servers: RedisServer[] = [];
let processes: Program[] = [];

beforeEach(async () => {
  servers = await startRedisServers(3);
  processes = servers.map(
    () =>
      new Program(
        'test/e2e/schedule/scheduler.ts',
        servers.map(({ url }) => url),
      ),
  );
  await until(
    'all processes are there',
    () => processes.every(({ lines }) => lines.includes('ready')),
    60_000,
  );
});

afterEach(async () => {
  await Promise.all(processes.map((program) => program.dispose()));
  await Promise.all(servers.map((server) => server.stop()));
});

const runsOf = ({ lines }: Program): string[] => lines.filter((line) => line !== 'ready');

describe('a cron job for every second in three processes on three Redis masters', () => {
  it('runs once for each second, also while a process and a master are killed', async () => {
    const all = () => processes.flatMap(runsOf);
    await until('it ran three times', () => all().length >= 3);
    await processes[0]?.dispose();
    await servers[0]?.stop();
    const before = all().length;
    await until('it ran three times more', () => all().length >= before + 3);

    expect(new Set(all()).size).toBe(all().length);
    expect(all().every((resource) => resource.startsWith('schedule:beat@2'))).toBe(true);
  });
});
