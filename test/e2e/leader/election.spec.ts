import { Program } from '../../helpers/program';
import { type RedisServer, startRedisServers } from '../../helpers/redis-server';
import { until } from '../../helpers/until';

interface Told {
  readonly what: 'leads' | 'follows' | 'works';
  readonly atMs: number;
  readonly token?: number;
}

let servers: RedisServer[] = [];
let candidates: Program[] = [];

beforeEach(async () => {
  servers = await startRedisServers(3);
  candidates = servers.map(
    () =>
      new Program(
        'test/e2e/leader/candidate.ts',
        servers.map(({ url }) => url),
      ),
  );
});

afterEach(async () => {
  for (const server of servers) server.resume();
  await Promise.all(candidates.map((candidate) => candidate.dispose()));
  await Promise.all(servers.map((server) => server.stop()));
});

const toldBy = ({ lines }: Program): Told[] => lines.map((line) => JSON.parse(line) as Told);
const lastOf = (candidate: Program): string | undefined => toldBy(candidate).at(-1)?.what;
const leads = (candidate: Program): boolean => ['leads', 'works'].includes(lastOf(candidate) ?? '');

/** The one that leads, when all processes are there. */
async function leader(among = candidates): Promise<Program> {
  await until('a process leads', () => among.every(({ lines }) => lines.length > 0) && among.some(leads));
  return among.find(leads) as Program;
}

/** From when to when each process said that it works, term by term. */
function termsOf(candidate: Program): { token: number; fromMs: number; toMs: number }[] {
  const terms = new Map<number, { token: number; fromMs: number; toMs: number }>();
  for (const { what, atMs, token = 0 } of toldBy(candidate)) {
    if (what !== 'works') continue;
    terms.set(token, { token, fromMs: terms.get(token)?.fromMs ?? atMs, toMs: atMs });
  }
  return [...terms.values()];
}

function expectOneLeaderAtATime(): void {
  const terms = candidates.flatMap(termsOf).sort((one, other) => one.fromMs - other.fromMs);
  for (const [position, term] of terms.slice(1).entries()) {
    expect(term.fromMs).toBeGreaterThanOrEqual(terms[position]?.toMs ?? 0);
    expect(term.token).toBeGreaterThan(terms[position]?.token ?? 0);
  }
}

describe('an election among processes on three Redis masters', () => {
  it('goes on with another leader when the first is killed, and never has two', async () => {
    const first = await leader();
    const others = candidates.filter((candidate) => candidate !== first);
    await first.dispose();
    const second = await leader(others);

    await until('the next one works', () => termsOf(second).length === 1);
    expectOneLeaderAtATime();
  });

  it('goes on with another leader when the first is stopped, which knows that it leads no more when it runs again', async () => {
    const first = await leader();
    first.pause();
    const second = await leader(candidates.filter((candidate) => candidate !== first));
    await until('the next one works', () => termsOf(second).length === 1);
    first.resume();
    await until('it knows', () => lastOf(first) === 'follows');

    expectOneLeaderAtATime();
  });

  it('has a leader at once when the first shuts down', async () => {
    const first = await leader();
    const others = candidates.filter((candidate) => candidate !== first);
    first.write('close');
    await first.ended();
    const second = await leader(others);

    await until('the next one works', () => termsOf(second).length === 1);
    expect(lastOf(first)).toBe('follows');
    expectOneLeaderAtATime();
  });

  it('keeps its leader while one of the masters is away', async () => {
    const first = await leader();
    await servers[0]?.stop();
    const before = first.lines.length;
    // Longer than its ttl: by extensions of the other two.
    await until(
      'it has worked for long',
      () => toldBy(first).filter(({ what }) => what === 'works').length > before + 100,
    );

    expect(leads(first)).toBe(true);
    expect(toldBy(first).filter(({ what }) => what === 'leads')).toHaveLength(1);
    expectOneLeaderAtATime();
  });
});
