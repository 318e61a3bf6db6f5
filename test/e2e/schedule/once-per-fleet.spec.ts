import { Program } from '../../helpers/program';
import { type RedisServer, startRedisServers } from '../../helpers/redis-server';
import { until } from '../../helpers/until';

let servers: RedisServer[] = [];
let processes: Program[] = [];

const ZONES = ['UTC', 'America/New_York', 'Asia/Tokyo'];

beforeEach(async () => {
  servers = await startRedisServers(3);
  // One that has another day of the month than UTC.
  const zoneOfJob = new Date().getUTCHours() >= 10 ? 'Pacific/Kiritimati' : 'Etc/GMT+12';
  const urls = servers.map(({ url }) => url);
  processes = ZONES.map((zone) => new Program('test/e2e/schedule/scheduler.ts', [zone, zoneOfJob, ...urls]));
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

const runsOf = (job: string): string[] =>
  processes.flatMap(({ lines }) => lines.filter((line) => line.startsWith(`schedule:${job}@2`)));

describe('jobs for every second in three processes, each in a zone of its own, on three Redis masters', () => {
  it('run once for each second, also while a process and a master are killed', async () => {
    const runs = () => [runsOf('beat'), runsOf('zoned')];
    const each = (least: number) => runs().every((names) => names.length >= least);
    await until('both ran three times', () => each(3));
    await processes[0]?.dispose();
    await servers[0]?.stop();
    const before = Math.max(...runs().map((names) => names.length));
    await until('both ran three times more', () => each(before + 3));

    for (const names of runs()) expect(new Set(names).size).toBe(names.length);
    expect(
      processes.flatMap(({ lines }) => lines).filter((line) => !/^ready$|^schedule:/.test(line)),
    ).toEqual([]);
  });
});
