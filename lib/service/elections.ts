import { LockOptionsError } from '../errors/lock-options.error';
import { checkEachLockOption } from '../locking/checks/check-lock-options';
import { checkResource } from '../locking/checks/check-resources';
import { readOptions } from '../locking/checks/read-options';
import type { LockOptions } from '../locking/api/lock-options';
import { LeaderElection, type ElectionHost, type LeaderElectionOptions } from './leader-election';

const OPTIONS = Object.keys({ ttl: true, fencing: true, label: true } satisfies Record<
  keyof LeaderElectionOptions,
  true
>);

/** What every term is held with: nothing of the module's defaults may end it. */
export const TERM = {
  wait: Infinity,
  outageWait: Infinity,
  maxWaiting: Infinity,
  maxHold: Infinity,
  holdAtLeast: 0,
  autoExtend: true,
} as const satisfies LockOptions;

/** @throws LockOptionsError for options that no election has */
export function checkElectionOptions(given: unknown): LeaderElectionOptions {
  const options = readOptions(given, OPTIONS, {
    name: 'options',
    what: ', such as { ttl: 15_000 }',
    each: 'an option of an election',
  });
  checkEachLockOption(options);
  return options;
}

/** The elections of one lock service: one for each name, however often somebody asks for it. */
export class Elections {
  private readonly byName = new Map<string, { election: LeaderElection; options: LeaderElectionOptions }>();
  private isClosed = false;

  constructor(
    private readonly host: ElectionHost,
    /** Checks options together with those of the lock service. */
    private readonly check: (options: LockOptions) => void,
  ) {}

  of(name: string, given?: LeaderElectionOptions): LeaderElection {
    const resource = checkResource(name);
    const options = given === undefined ? undefined : checkElectionOptions(given);
    const known = this.byName.get(resource);
    if (known !== undefined) {
      if (options !== undefined && !isSame(options, known.options)) throw otherOptions(resource);
      return known.election;
    }
    this.check({ ...TERM, ...options });
    const election = new LeaderElection(resource, options ?? {}, this.host);
    this.byName.set(resource, { election, options: options ?? {} });
    if (this.isClosed) void election.close();
    else election.start();
    return election;
  }

  /** All of them resign, and take part no more. */
  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.byName.values()].map(({ election }) => election.close()));
  }
}

function isSame(one: LeaderElectionOptions, other: LeaderElectionOptions): boolean {
  return one.ttl === other.ttl && one.fencing === other.fencing && one.label === other.label;
}

function otherOptions(name: string): LockOptionsError {
  return new LockOptionsError(
    'options',
    `differ from those with which the election ${JSON.stringify(name)} was begun in this process. Give the same, or none.`,
  );
}
