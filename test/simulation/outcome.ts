export type Invariant =
  | 'one holder'
  | 'readers or writer'
  | 'limit'
  | 'one per slot'
  | 'in turn'
  | 'bounded bypass'
  | 'others keep theirs'
  | 'tokens grow'
  | 'a majority has it'
  | 'no return'
  | 'lets others in'
  | 'held when given'
  | 'signal in time'
  | 'settles in time'
  | 'gets the lock'
  | 'wakes in time'
  | 'told when forced'
  | 'kept to the commit'
  | 'true release'
  | 'true success'
  | 'nothing left'
  | 'nothing remembered'
  | 'known error'
  | 'ends';

export interface Violation {
  readonly invariant: Invariant;
  readonly atMs: number;
  readonly what: string;
}

export const FEATURES = [
  'split vote',
  'late grant',
  'heal',
  'hand-over',
  'changed hands',
  'changed hands many times',
  'permits together',
  'permit handed on',
  'two limits',
  'fair lock',
  'joined reader',
  'resumed',
  'ticket too late',
  'lost lock',
  'gone lock',
  'max hold',
  'kept after release',
  'kept to the commit',
  'extended',
  'busy',
  'unavailable',
  'aborted wait',
  'several resources',
  'several masters',
  'moved slot',
  'redirected request',
  'fencing token',
  'token written back',
  'two holders',
  'guarded: restarted',
  'guarded: young',
  'guarded: clock',
  'guarded: duplicate',
  'closed service',
  'silent leader',
  'silent node',
  'stall',
  'pause in a turn',
  'suspend',
  'wall clock set',
  'client crash',
  'cut connection',
  'late message',
  'silent connection',
  'slow connection',
  'overload',
  'paused node',
  'full node',
  'refusing node',
  'restarted node',
  'wiped node',
  'clock jump',
  'forced open',
  'forced out',
] as const;

export type Feature = (typeof FEATURES)[number];
export type Coverage = Map<Feature, number>;

export interface Outcome {
  readonly violation: Violation | undefined;
  readonly coverage: Coverage;
  readonly endMs: number;
}
