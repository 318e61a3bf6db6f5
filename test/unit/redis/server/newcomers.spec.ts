import type { Server } from '../../../../lib/redis/client/server-client.interface';
import { Newcomers } from '../../../../lib/redis/server/newcomers';
import { parseServerInfo, type ServerInfo } from '../../../../lib/redis/server/server-info';
import { settle, VirtualClock } from '../../../helpers/virtual-clock';

const BORN = '0'.repeat(40);

interface Saying {
  runId?: string;
  role?: string;
  /** The replication id that it had before. */
  before?: string;
  uptimeS?: number;
}

const info = ({ runId = 'x', role = 'master', before = BORN, uptimeS = 100 }: Saying): ServerInfo =>
  parseServerInfo(`run_id:${runId}\nrole:${role}\nmaster_replid2:${before}\nuptime_in_seconds:${uptimeS}\n`);

const A = 'h:1';
const B = 'h:2';
const NEW = 'h:9';

/** A cluster of A and B with a slot each, and one more, which a test puts in its place. */
function setUp() {
  const clock = new VirtualClock();
  const servers = Object.fromEntries([A, B, NEW].map((address) => [address, { address, isReady: true }]));
  const server = (address: string) => servers[address] as unknown as Server & { isReady: boolean };
  const answers: Record<string, ServerInfo | undefined> = {
    [A]: info({ runId: 'a' }),
    [B]: info({ runId: 'b' }),
    [NEW]: info({ runId: 'new' }),
  };
  const members = new Map(
    [A, B].map((address) => [address, { server: server(address), info: answers[address] }]),
  );
  const cluster = {
    slots: [[A], [A], [B], [B]] as string[][],
    masters: [A, B],
    looks: 0,
    listSlots: () => (cluster.looks += 1),
  };
  let judged = 0;
  const newcomers = new Newcomers({
    cluster,
    masters: () => cluster.masters.map(server),
    clock,
    limitMs: 500,
    memberAt: (address) => members.get(address),
    ask: (one) => Promise.resolve(answers[one.address]),
    onJudged: () => (judged += 1),
  });
  const list = (slots: string[][]) => {
    cluster.slots = slots;
    cluster.masters = [...new Set(slots.flat())];
    return newcomers.listed(new Set(cluster.masters));
  };
  list(cluster.slots);
  const ask = () => newcomers.isAdditional(NEW, { server: server(NEW), info: answers[NEW] });
  return { clock, cluster, members, answers, newcomers, server, list, ask, judged: () => judged };
}

describe('a master that nobody knew', () => {
  it('is an additional one when it got its slots from masters that live on', async () => {
    const { clock, cluster, list, ask, newcomers, judged } = setUp();
    await clock.advance(5_000);

    expect(ask()).toBeUndefined();
    expect([cluster.looks, newcomers.areInDoubt]).toEqual([1, true]);
    list([[NEW], [A], [B]]);
    expect(ask()).toBeUndefined();
    await settle();

    expect([ask(), newcomers.areInDoubt, judged()]).toEqual([true, false, 1]);
    await clock.advance(60_000);
    expect([clock.pendingTimers, judged()]).toEqual([0, 1]);
  });

  it('is one too when it is listed before it has said who it is', async () => {
    const { cluster, list, ask } = setUp();

    list([[NEW], [A], [B]]);
    ask();
    await settle();

    expect([cluster.looks, ask()]).toEqual([0, true]);
  });

  type World = ReturnType<typeof setUp>;
  it.each<[string, (world: World) => void]>([
    ['a slot is from one that does not answer', ({ answers }) => (answers[A] = undefined)],
    ['a slot is from one that started again', ({ answers }) => (answers[A] = info({ runId: 'again' }))],
    [
      'a slot is from one that is a replica now',
      ({ answers }) => (answers[A] = info({ runId: 'a', role: 'slave' })),
    ],
    ['a slot is from nobody that is known', ({ members }) => members.delete(A)],
    ['it was started since', ({ answers }) => (answers[NEW] = info({ runId: 'new', uptimeS: 3 }))],
    ['it was promoted meanwhile', ({ answers }) => (answers[NEW] = info({ before: 'f'.repeat(40) }))],
  ])('is none when %s', async (_, change) => {
    const world = setUp();
    await world.clock.advance(5_000);
    world.ask();

    change(world);
    world.list([[NEW], [A], [B]]);
    await settle();

    expect(world.newcomers.areInDoubt).toBe(false);
    expect(world.newcomers.isAdditional(NEW, { server: world.server(NEW) })).toBe(false);
  });

  it('is none when it has all slots of another, which is listed no more', async () => {
    const { list, ask } = setUp();
    ask();

    list([[NEW], [NEW], [B]]);
    await settle();

    expect(ask()).toBe(false);
  });

  it.each<[string, (world: World) => void]>([
    ['who must answer', ({ answers }) => (answers[A] = undefined)],
    ['and must be older', ({ answers }) => (answers[NEW] = info({ runId: 'new', uptimeS: 8 }))],
  ])('owes its slots to all who gave any since it had none, %s', async (_, change) => {
    const world = setUp();
    await world.clock.advance(5_000);
    world.list([[NEW], [A], [B], [B]]);
    await world.clock.advance(5_000);
    world.list([[NEW], [A], [NEW], [B]]);

    change(world);
    world.ask();
    await settle();

    expect(world.ask()).toBe(false);
  });

  it.each([
    ['was promoted', { before: 'f'.repeat(40) }],
    ['was a replica when it was asked', { role: 'slave' }],
  ])('is none at once when it %s', (_, saying) => {
    const { answers, ask, newcomers } = setUp();

    answers[NEW] = info(saying);

    expect([ask(), newcomers.areInDoubt]).toEqual([false, false]);
  });

  it('is none when no listing tells how it came to its slots in time', async () => {
    const { clock, ask, judged } = setUp();
    ask();

    await clock.advance(500);

    expect([ask(), judged()]).toEqual([false, 1]);
  });

  it('is in doubt no more when the cluster does not list it, and what it said is worth nothing', () => {
    const { ask, list, newcomers, clock } = setUp();
    ask();

    expect(list([[A], [A], [B]])).toBe(true);
    expect([newcomers.areInDoubt, clock.pendingTimers]).toEqual([false, 0]);
    expect(list([[A], [A], [B]])).toBe(false);
  });
});

describe('slots that go from one known master to another', () => {
  it('are no loss while the former owner is there, also when it leaves with its last slot', () => {
    const { list, newcomers } = setUp();

    list([[B], [A], [B]]);
    list([[B], [B], [B]]);

    expect(newcomers.takeLoss()).toBe(false);
  });

  it.each<[string, (world: ReturnType<typeof setUp>) => void]>([
    ['is away', ({ server }) => (server(A).isReady = false)],
    ['was forgotten before', ({ members }) => members.delete(A)],
  ])('are a loss when the former owner %s, which is told once', (_, change) => {
    const world = setUp();

    change(world);
    world.list([[B], [A], [B]]);

    expect([world.newcomers.takeLoss(), world.newcomers.takeLoss()]).toEqual([true, false]);
  });

  it('are a loss as soon as a redirect tells, when the former owner is away', () => {
    const { cluster, server, newcomers } = setUp();
    const isLost = () => newcomers.hasLossOf([A, B]);
    const seen = [isLost()];

    server(A).isReady = false;
    seen.push(isLost());
    cluster.slots = [[A], [B], [B]];
    seen.push(isLost());

    expect(seen).toEqual([false, false, true]);
  });
});
