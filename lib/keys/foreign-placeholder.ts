/** A spelling of another tool, in the text of a template. */
export interface ForeignPlaceholder {
  /** The placeholder as it was written: `${dto.id}`. */
  readonly text: string;
  readonly at: number;
  /** What it names: `['dto', 'id']`. Empty where that cannot be told. */
  readonly path: readonly string[];
}

/** Where a segment of a key begins and ends. */
const BEGINS = String.raw`(?<=^|[\s/:.,|&=-])`;
const ENDS = String.raw`(?=$|[\s/:.,|&-])`;
/** `id`, `0`, `dto.id`, `args[0].id`, and what SpEL and Handlebars put before it; also nothing at all, as in `{}`. */
const INSIDE = String.raw`\s*[#@$.]?[\w.[\]'"?-]*\s*`;

/**
 * A hash tag of Redis, `{tenant:7}`, is none of these; one of a single word is, since nobody can tell it from `{id}`. In
 * order: the longer one first, where one begins with the other.
 */
const SPELLINGS = [
  // JavaScript, also where the rest of it is missing; SpEL templates, Ruby, Elixir. Anything may stand inside.
  String.raw`\$\{[^{}]*\}?`,
  String.raw`[#%]\{[^{}]*\}`,
  // Handlebars, Angular, Jinja.
  String.raw`\{\{[^{}]*\}\}`,
  // .NET, Python, Rust, log4j.
  String.raw`\{${INSIDE}\}`,
  // Python.
  String.raw`%\(\w+\)[a-z]`,
  // printf and util.format.
  String.raw`${BEGINS}%(\d+\$)?[sdifoOjcv](?!\w)`,
  // Shell, PHP, PostgreSQL, JSONPath.
  String.raw`\$[\w.][\w.[\]]*`,
  // SpEL, C#; routes of Express, named parameters of SQL.
  String.raw`${BEGINS}#[\w.[\]]+`,
  String.raw`${BEGINS}@\w+${ENDS}`,
  String.raw`${BEGINS}:[a-z_]\w*`,
  // JDBC.
  String.raw`${BEGINS}\?${ENDS}`,
  String.raw`\b(?:args|arguments)\[\w+\][\w.[\]]*`,
  String.raw`${BEGINS}\[\w+\]${ENDS}`,
];

const LONGEST_SHOWN = 60;

const FOREIGN = new RegExp(SPELLINGS.map((spelling) => `(?:${spelling})`).join('|'));

/**
 * The first placeholder in a text that is written as other tools write them, and would be the same in every key.
 *
 * @param follows whether the text follows a value, whose segment it ends: `<0>:id` is an ordinary key
 */
export function findForeignPlaceholder(text: string, follows: boolean): ForeignPlaceholder | undefined {
  const before = follows ? '0' : '';
  const found = FOREIGN.exec(before + text);
  if (found === null) return undefined;
  const [spelling] = found;
  const at = found.index - before.length;
  // It is repeated in an error, which has to stay readable.
  if (spelling.length > LONGEST_SHOWN) return { text: `${spelling.slice(0, LONGEST_SHOWN)}…`, at, path: [] };
  return { text: spelling, at, path: pathIn(spelling) };
}

/** `#{#root.args[0].id}` names what `<0.id>` does. */
function pathIn(spelling: string): string[] {
  const inPython = /^%\((\w+)\)/.exec(spelling)?.[1];
  if (inPython !== undefined) return [inPython];
  // Of `%s` and `%1$s` nobody knows what they mean: they are in the order in which values are given.
  const names = (/^%\w/.test(spelling) ? null : spelling.match(/\w+/g)) ?? [];
  const isArguments = names.findIndex((name) => name === 'args' || name === 'arguments');
  const path = isArguments === -1 ? names : names.slice(isArguments + 1);
  // SpEL knows the first argument as `#p0` and `#a0`.
  const position = /^#(?:\{#)?[pa](\d+)\b/.exec(spelling)?.[1];
  return position === undefined ? path : [position, ...path.slice(1)];
}
