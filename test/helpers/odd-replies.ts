import fc from 'fast-check';
import type { Reply } from './fake-redis';

/** Words that mean something to some command, and what looks like the reply of a script. */
export const oddWord: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('', 'OK', 'ok', 'OK ', 'QUEUED', 'PONG', 'REPLACED', '0', '1', '-1', 'nil', 'true', 'ggg'),
  fc.constantFrom('g 0', 'gg 0', 'gggg 0', 'g', 'g 0 0', 'ggg,1 0', 'nnn,1,2 0', 'ppp 0', 'xyz 0', '999 0'),
  fc.constantFrom(' ', ',', 'ggg 99999999999999999', 'ggg 1.5', 'fff 0 OOM no', 'ddd 0', '%', 'run_id:x'),
  fc.constant('role:slave'),
  fc.string({ maxLength: 12 }),
);

const { any } = fc.letrec<{ any: Reply }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constant(null),
    fc.oneof(fc.constantFrom(0, 1, 2, 3, -1, 2 ** 53, 1e18), fc.integer()),
    oddWord,
    fc.constantFrom('OK', 'QUEUED', 'PONG', '').map((simple) => ({ simple })),
    fc
      .constantFrom('ERR', 'NOSCRIPT No matching script', 'MOVED 1 a:1', 'LOADING', 'BUSY', 'x', '', 'NOPERM')
      .map((error) => ({ error })),
    fc.array(tie('any'), { maxLength: 4 }),
  ),
}));

/** Nearly what the batch script replies: letters, numbers, a time and a fault. */
const nearlyLetters = fc
  .tuple(
    fc.string({ unit: fc.constantFrom(...Array.from('gggpdnq1 ')), maxLength: 5 }),
    fc.constantFrom('', ',', ',1', ',x,2'),
    fc.constantFrom(
      '',
      ' ',
      '0',
      ' 0',
      ' x',
      ' 1.5',
      ' -1',
      ' 01',
      ' 9999999999999999999',
      '  0',
      ' 0 ERR no',
    ),
  )
  .map((parts) => parts.join(''));

/** Nearly what the acquire script replies: a time, an outcome and a number. */
const nearlyList = fc.tuple(
  fc.constantFrom<Reply>(null, 0, 1, '0', '', 'x', '1.5', '-1', '9'.repeat(20), ['0']),
  fc.constantFrom<Reply>(null, 'OK', 'REPLACED', 'ok', '', -2, 1.5, 5, -1, ['OK'], { error: 'ERR' }),
  fc.constantFrom<Reply>(null, 'x', '0', '-1', 7, '1', []),
);

/** Anything that a server could reply, and nearly what it should. */
export const oddReply: fc.Arbitrary<Reply> = fc.oneof(any, nearlyLetters, nearlyList);

/** What was asked: one key by SET, several by the acquire script, or a batch, with a letter for each key. */
export type Asked = 'set' | 'acquire' | { readonly letters: string };

/** Which requests a reply grants, as it says in the very form of the command or script; empty for any other form. */
export function grantedBy(asked: Asked, reply: Reply): readonly number[] {
  const said = saidBy(reply);
  if (asked === 'set') return said === 'OK' ? [0] : [];
  if (asked === 'acquire') {
    const [time, outcome] = Array.isArray(said) ? (said as Reply[]).map(saidBy) : [];
    return isTime(time) && (outcome === 'OK' || outcome === 'REPLACED') ? [0] : [];
  }
  const { letters } = asked;
  const form = new RegExp(`^([^ ]{${letters.length}})(?:,[^ ]*)? ([^ ]*)(?: |$)`).exec(wordOf(said));
  if (form === null || !isTime(form[2])) return [];
  return Array.from(letters).flatMap((letter, i) => (GRANTS[letter]?.includes(form[1]?.[i] ?? ' ') ? i : []));
}

/**
 * What grants in a batch, by what was asked: an acquire of one key or several, one in place of another hold, or one with a
 * fence. Of several keys the first one counts.
 */
const GRANTS: Readonly<Record<string, string>> = { a: 'g', A: 'g', t: 'gp', n: 'gpnq' };

function wordOf(said: unknown): string {
  return typeof said === 'string' ? said : '';
}

/** In microseconds; 0 for a server that may not tell. */
function isTime(text: unknown): boolean {
  return /^(0|[1-9]\d{0,15})$/.test(wordOf(text));
}

/** A status and a string are the same to a client. */
function saidBy(reply: Reply): unknown {
  return typeof reply === 'object' && reply !== null && 'simple' in reply ? reply.simple : reply;
}
