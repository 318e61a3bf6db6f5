import { LockService } from './lock.service';
import { LINE, VERSION } from './version';

/** A copy of the library that was loaded in this process. */
export interface Copy {
  readonly version: string;
  readonly line: string;
  /** The folder from which it was loaded, if that is known. */
  readonly folder: string;
  readonly lockService: typeof LockService;
  /**
   * True if a global module without a name was registered with it. Then its users everywhere have their own lock
   * service.
   */
  hasGlobalModule: boolean;
}

const store = globalThis as unknown as Record<symbol, Copy[] | undefined>;
const copies = (store[Symbol.for('nestjs-redlock:copies')] ??= []);

const THIS_COPY: Copy = {
  version: VERSION,
  line: LINE,
  // A bundle of ES modules has no `__dirname`.
  folder: typeof __dirname === 'string' ? __dirname : 'a bundle',
  lockService: LockService,
  hasGlobalModule: false,
};

/** Notes this copy. It is a function, since a bundler leaves out an import of which nothing is used. */
export function noteThisCopy(): void {
  copies.push(THIS_COPY);
}

/** Notes that this copy has a global module without a name. */
export function noteGlobalModule(): void {
  THIS_COPY.hasGlobalModule = true;
}

/** The other copies that were loaded so far and have no global module, whose users ask for the class that they know. */
export function copiesWithoutModule(): {
  readonly compatible: readonly Copy[];
  readonly strange: readonly Copy[];
} {
  const others = copies.filter((copy) => copy !== THIS_COPY && !copy.hasGlobalModule);
  return {
    compatible: others.filter(({ line }) => line === LINE),
    strange: others.filter(({ line }) => line !== LINE),
  };
}

/** One copy for each line of versions, if there are several lines: these know nothing of each other. */
export function strangers(): readonly Copy[] {
  const lines = new Map(copies.map((copy) => [copy.line, copy]));
  return lines.size > 1 ? [...lines.values()] : [];
}

export const strangeCopies = (copies: readonly { version: string; folder: string }[]): string =>
  `@nest-quorum/redlock is loaded in versions that do not know of each other: ${copies
    .map(({ version, folder }) => `${version} from ${folder}`)
    .join(
      ', ',
    )}. A @Locked method of one finds no lock service of the other. Install one version in all packages; npm ls @nest-quorum/redlock shows who has which.`;
