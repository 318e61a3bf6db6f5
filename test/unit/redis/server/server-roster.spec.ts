import type {
  Server as ClientServer,
  ServerClient,
} from '../../../../lib/redis/client/server-client.interface';
import { ServerRoster } from '../../../../lib/redis/server/server-roster';
import { settle, VirtualClock } from '../../../helpers/virtual-clock';

/** A server as its client shows it, with the answers that a test gives it. */
class Server implements ClientServer {
  readonly isReady = true;
  readonly isGreeting = false;
  readonly connection = undefined;
  readonly database = 0;
  readonly address: string;
  asked = 0;

  constructor(
    port: number,
    public answer: string | Error | Promise<string>,
  ) {
    this.address = `h:${port}`;
  }

  send(name: string): Promise<unknown> {
    if (name !== 'info') return new Promise(() => undefined);
    this.asked += 1;
    return this.answer instanceof Error ? Promise.reject(this.answer) : Promise.resolve(this.answer);
  }

  isCutOff(error: unknown): boolean {
    return error === CUT_OFF;
  }

  reset(): void {
    throw new Error('nobody resets a server to learn who it is');
  }
}

const infoOf = (runId: string, role = 'master') =>
  `run_id:${runId}\r\nuptime_in_seconds:101\r\nrole:${role}\r\n`;
const BUSY = new Error('BUSY Redis is busy running a script.');
const NOPERM = new Error("NOPERM this user has no permissions to run the 'info' command");
const CUT_OFF = new Error('Connection is closed.');

function rosterOf(given: unknown, takesReplicas = false) {
  const client = given instanceof Server ? { masters: () => [given] } : given;
  const clock = new VirtualClock();
  const seen = { answers: 0 };
  const roster = new ServerRoster({
    client: client as ServerClient,
    clock,
    clockBudgetMs: 100,
    limitMs: 500,
    secrets: [],
    takesReplicas,
    onKnown: () => undefined,
    onAnswer: () => (seen.answers += 1),
    onClockAhead: () => undefined,
  });
  const introduce = async (...servers: Server[]) => {
    for (const server of servers) roster.introduce(server);
    await settle();
  };
  const runIds = () => roster.facts?.map(({ runId }) => runId);
  return { roster, clock, seen, introduce, runIds };
}

/** A cluster whose masters a test appoints. */
function clusterOf(...masters: Server[]) {
  const cluster = { appointed: masters, replicas: [] as Server[] };
  return Object.assign(cluster, {
    cluster: { slots: [], listSlots: () => undefined },
    masters: () => cluster.appointed,
    servers: () => [...cluster.appointed, ...cluster.replicas],
  });
}

describe('a server of a cluster that cannot tell who it is at the moment', () => {
  it('is asked again every second until it tells, and is not known until then', async () => {
    const server = new Server(1, BUSY);
    const { roster, clock, introduce, runIds } = rosterOf(clusterOf(server));
    await introduce(server);

    await clock.advance(3_000);
    const [asked, problem, isComplete] = [server.asked, roster.problem, roster.isComplete];
    server.answer = infoOf('a');
    await clock.advance(1_000);

    expect([asked, problem?.code, isComplete]).toEqual([4, 'BUSY', false]);
    expect(roster.problem).toBeUndefined();
    expect([roster.isComplete, roster.takeNews(), runIds()]).toEqual([true, true, ['a']]);
    await clock.advance(60_000);
    expect(server.asked).toBe(5);
  });

  it('is a problem still while it is asked again', async () => {
    const server = new Server(1, BUSY);
    const { roster, clock, introduce } = rosterOf(clusterOf(server));
    await introduce(server);
    server.answer = new Promise(() => undefined);

    await clock.advance(10_000);

    expect([server.asked, roster.problem?.code, roster.isOwed]).toEqual([2, 'BUSY', true]);
  });

  it('is asked no more after the end', async () => {
    const server = new Server(1, BUSY);
    const { roster, clock, introduce } = rosterOf(clusterOf(server));
    await introduce(server);

    roster.stop();
    await clock.advance(10_000);

    expect([server.asked, clock.pendingTimers]).toEqual([1, 0]);
  });

  it('is asked no more when its answer comes after the end', async () => {
    const server = new Server(1, BUSY);
    const { roster, clock, seen, introduce } = rosterOf(clusterOf(server));
    const introduced = introduce(server);

    roster.stop();
    await introduced;
    await clock.advance(10_000);

    expect([server.asked, seen.answers, clock.pendingTimers]).toEqual([1, 0, 0]);
  });
});

describe('a server behind a name', () => {
  it.each([
    ['cannot tell who it is', BUSY, 'BUSY'],
    ['is a replica', infoOf('a', 'slave'), 'REPLICA'],
    ['is loading its data', infoOf('a') + 'loading:1\r\n', 'LOADING'],
  ])(
    'that %s is not asked again over a connection that may lead to the wrong place',
    async (_, answer, code) => {
      const server = new Server(1, answer);
      const { roster, clock, introduce } = rosterOf(server);
      await introduce(server);

      await clock.advance(60_000);

      expect([server.asked, roster.problem?.code, roster.isComplete]).toEqual([1, code, false]);
    },
  );

  it('is known when its next connection tells', async () => {
    const server = new Server(1, infoOf('a', 'slave'));
    const { roster, introduce, runIds } = rosterOf(server);
    await introduce(server);

    server.answer = infoOf('b');
    await introduce(server);

    expect([roster.problem, roster.isComplete, roster.takeNews(), runIds()]).toEqual([
      undefined,
      true,
      true,
      ['b'],
    ]);
  });

  it.each([
    ['nothing when it was a master all the time', [undefined, undefined], false],
    ['nothing when its copy of long ago is forgotten', ['copy-1', '0'.repeat(40)], false],
    ['nothing when it had the same copy before', ['copy-1', 'copy-1'], false],
    ['its locks when it was a replica meanwhile', ['0'.repeat(40), 'copy-1'], true],
    ['its locks when it was a replica once more', ['copy-1', 'copy-2'], true],
  ])('has forgotten %s', async (_, [before, after], hasForgotten) => {
    const answer = (copy?: string) => infoOf('a') + (copy === undefined ? '' : `master_replid2:${copy}\r\n`);
    const server = new Server(1, answer(before));
    const { roster, introduce } = rosterOf(server);
    await introduce(server);
    const first = [roster.takeNews(), roster.takeLoss()];

    server.answer = infoOf('a', 'slave');
    await introduce(server);
    server.answer = answer(after);
    await introduce(server);

    expect(first).toEqual([true, false]);
    expect([roster.takeNews(), roster.takeLoss(), roster.takeLoss()]).toEqual([
      hasForgotten,
      hasForgotten,
      false,
    ]);
  });
});

describe('a server that', () => {
  it('does not let us ask is taken as it is, and asked no more', async () => {
    const server = new Server(1, NOPERM);
    const { roster, clock, introduce, runIds } = rosterOf(server);

    await introduce(server);
    await clock.advance(10_000);

    expect([roster.isComplete, roster.problem, server.asked]).toEqual([true, undefined, 1]);
    roster.takeNews();
    expect(runIds()).toBeUndefined();
  });

  it('is cut off is asked on its next connection, and not before', async () => {
    const server = new Server(1, CUT_OFF);
    const { roster, clock, seen, introduce } = rosterOf(server);

    await introduce(server);
    await clock.advance(10_000);

    expect([roster.isComplete, roster.problem, server.asked, seen.answers]).toEqual([false, undefined, 1, 0]);
  });

  it('is a replica is a problem, but not to those who only look', async () => {
    const server = new Server(1, infoOf('a', 'slave'));
    const strict = rosterOf(server);
    const looking = rosterOf(server, true);

    await strict.introduce(server);
    await looking.introduce(server);

    expect([strict.roster.problem?.code, looking.roster.problem]).toEqual(['REPLICA', undefined]);
  });

  it('told its age some time ago has grown older since', async () => {
    const server = new Server(1, infoOf('a'));
    const { roster, clock, introduce } = rosterOf(server);
    await introduce(server);
    roster.takeNews();

    await clock.advance(60_000);

    expect(roster.facts).toEqual([{ runId: 'a', uptimeMs: 160_000 }]);
  });
});

describe('a cluster', () => {
  it('is news when a replica takes over, and again when the first one does', async () => {
    const [first, second, other] = [
      new Server(1, infoOf('a')),
      new Server(2, infoOf('b', 'slave')),
      new Server(3, infoOf('c')),
    ];
    const cluster = clusterOf(first, other);
    cluster.replicas = [second];
    const { roster, introduce, runIds } = rosterOf(cluster);
    await introduce(first, second, other);
    const told = [[roster.takeNews(), runIds()]];

    for (const masters of [
      [second, other],
      [first, other],
      [first, other],
    ]) {
      cluster.appointed = masters;
      roster.forgetOthers();
      told.push([roster.takeNews(), runIds()]);
    }

    expect(told).toEqual([
      [true, ['a', 'c']],
      [true, ['c', 'b']],
      [true, ['c', 'a']],
      [false, ['c', 'a']],
    ]);
  });

  it('is no news when a connection broke and leads to the same server, and news when it leads to another', async () => {
    const [first, other] = [new Server(1, infoOf('a')), new Server(2, infoOf('b'))];
    const cluster = clusterOf(first, other);
    const { roster, introduce, runIds } = rosterOf(cluster);
    await introduce(first, other);
    roster.takeNews();
    const news: boolean[] = [];

    for (const runId of ['a', 'again']) {
      cluster.appointed = [other];
      news.push(roster.takeNews());
      const anew = new Server(1, infoOf(runId));
      cluster.appointed = [other, anew];
      roster.forgetOthers();
      news.push(roster.takeNews());
      await introduce(anew);
      news.push(roster.takeNews());
    }

    expect(news).toEqual([false, false, false, false, false, true]);
    expect(runIds()).toEqual(['again', 'b']);
  });

  it('has no problem with a replica, nor with one that cannot tell who it is, before it takes over', async () => {
    const [master, busy, replica] = [
      new Server(1, infoOf('a')),
      new Server(2, BUSY),
      new Server(3, infoOf('c', 'slave')),
    ];
    const cluster = clusterOf(master);
    cluster.replicas = [busy, replica];
    const { roster, introduce } = rosterOf(cluster);
    await introduce(master, busy, replica);
    const before = roster.problem;

    cluster.appointed = [busy, replica];

    expect([before, roster.problem?.code]).toEqual([undefined, 'BUSY']);
  });
});
