import { LockKeyError } from '../errors/lock-key.error';
import { LockOptionsError } from '../errors/lock-options.error';
import { checkEachLockOption } from '../locking/api/check-lock-options';
import { checkResource } from '../locking/api/check-resources';
import { readOptions } from '../errors/read-options';
import type { LockOptions } from '../locking/api/lock-options';
import { LeaderElection, type ElectionHost, type LeaderElectionOptions } from './leader-election';

const OPTIONS = Object.keys({ ttl: true, fencing: true, label: true } satisfies Record<
  keyof LeaderElectionOptions,
  true
>);

/** The options of every term. They replace defaults of the module that could end it. */
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

/**
 * The name of an election: a resource, and no template.
 *
 * @throws LockKeyError
 */
export function checkElectionName(name: unknown): string {
  const election = checkResource(name);
  if (!PLACEHOLDER.test(election)) return election;
  throw new LockKeyError(
    `The name of an election, ${JSON.stringify(election)}, has a placeholder in it, but one process leads for all calls. Give it ` +
      'a name without "<…>", or take @Locked for a lock per value.',
    name,
  );
}

/** A placeholder, as it stands in the key of a lock: `<0>`, `<this.region>`. */
const PLACEHOLDER = /<[\w'"][^<>]*>/;

/** The facts that this process knows of one election. */
interface Declared {
  readonly name: string;
  /** The options. Undefined until somebody gives some. */
  options: LeaderElectionOptions | undefined;
  /** Undefined until the process takes part. */
  election: LeaderElection | undefined;
}

/** The elections of one lock service. Each name has one election, however often it is asked for. */
export class Elections {
  private readonly byName = new Map<string, Declared>();
  private isClosed = false;

  constructor(
    private readonly host: ElectionHost,
    /** Checks options together with those of the lock service. */
    private readonly check: (options: LockOptions) => void,
  ) {}

  /** Returns the election of that name. The process takes part in it from the first call on. */
  of(name: string, given?: LeaderElectionOptions): LeaderElection {
    const declared = this.declare(name, given);
    if (declared.election !== undefined) return declared.election;
    const election = new LeaderElection(declared.name, declared.options ?? {}, this.host);
    declared.election = election;
    if (this.isClosed) void election.close();
    else election.start();
    return election;
  }

  /** Checks the options together with all that were given for that name. The process does not take part by that. */
  declare(name: string, given?: LeaderElectionOptions): Declared {
    const resource = checkElectionName(name);
    const options = optionsIn(given);
    const known = this.byName.get(resource);
    if (known === undefined) {
      this.check({ ...TERM, ...options });
      const declared: Declared = { name: resource, options, election: undefined };
      this.byName.set(resource, declared);
      return declared;
    }
    if (options === undefined || isSame(options, known.options ?? {})) return known;
    if (known.options !== undefined || known.election !== undefined) throw otherOptions(resource);
    this.check({ ...TERM, ...options });
    known.options = options;
    return known;
  }

  /** Ends all elections: the process resigns, and takes part no more. */
  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.byName.values()].map(async ({ election }) => election?.close()));
  }
}

/** Returns undefined if no option is given. Then the options that others gave for that election are valid. */
function optionsIn(given: LeaderElectionOptions | undefined): LeaderElectionOptions | undefined {
  if (given === undefined) return undefined;
  const options = checkElectionOptions(given);
  return isSame(options, {}) ? undefined : options;
}

function isSame(one: LeaderElectionOptions, other: LeaderElectionOptions): boolean {
  return one.ttl === other.ttl && one.fencing === other.fencing && one.label === other.label;
}

function otherOptions(name: string): LockOptionsError {
  return new LockOptionsError(
    'options',
    `differ from those that this process already has for the election ${JSON.stringify(name)}. Give the same, or none.`,
  );
}
