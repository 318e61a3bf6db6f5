import { quorumOf } from '../../lib/core/quorum';
import type { Fault, Plan } from './plan';
import type { Random } from './random';

/** Guards against servers that forget, and servers that are worth it. */
export function addIdentity(plan: Plan, random: Random): Plan {
  switch (plan.kind) {
    case 'wiped':
    case 'shared':
    case 'renumbered':
    case 'clustered':
      return guarded(plan, random);
    case 'rebooted':
      return reboot({ ...plan, restartGuard: 'observed' }, random);
    case 'jumping':
    case 'unseen':
    case 'skewed':
    case 'astray':
      return { ...plan, restartGuard: 'observed' };
    case 'twice':
      return listTwice({ ...plan, restartGuard: random.pick(['observed', false]) }, random);
    case 'forgetful':
      return { ...plan, restartGuard: false };
    default:
      // Servers that keep what they have may be trusted at once.
      return { ...plan, restartGuard: random.pick(['observed', 'strict', false, false]) };
  }
}

/** What each of the guards is good for. */
function guarded(plan: Plan, random: Random): Plan {
  const mode = random.pick(['strict', 'nobody new', 'a minority'] as const);
  if (mode === 'strict') return { ...plan, restartGuard: 'strict' };
  const faults = plan.faults.filter((fault) =>
    mode === 'nobody new' ? fault.what !== 'crash' : !isRestart(fault) || isOfMinority(fault, plan),
  );
  return { ...plan, restartGuard: 'observed', faults };
}

function isRestart(fault: Fault): fault is Extract<Fault, { what: 'restart' | 'wipe' }> {
  return fault.what === 'restart' || fault.what === 'wipe';
}

function isOfMinority({ node }: { node: number }, { nodes }: Plan): boolean {
  return node < nodes.length - quorumOf(nodes.length);
}

/** All of them restart at nearly the same moment, and then a client does. */
function reboot(plan: Plan, random: Random): Plan {
  const atMs = random.between(50, 300);
  const faults: Fault[] = plan.nodes.map((_, node) => ({
    what: 'wipe',
    atMs,
    node,
    ms: random.between(5, 60),
  }));
  faults.push({ what: 'crash', atMs: atMs + 100, client: 0 });
  return { ...plan, faults, healAtMs: Math.max(plan.healAtMs, atMs + 200) };
}

function listTwice(plan: Plan, random: Random): Plan {
  const last = plan.nodes.length - 1;
  const sameAs = random.whole(0, last - 1);
  const nodes = plan.nodes.map((node, position) => (position === last ? { ...node, sameAs } : node));
  return { ...plan, nodes };
}
