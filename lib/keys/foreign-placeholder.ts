/** A placeholder of another tool in the text of a template. */
export interface ForeignPlaceholder {
  /** The placeholder as it was written: `${dto.id}`. */
  readonly text: string;
  readonly at: number;
  /** The path that it names: `['dto', 'id']`. Empty if it is unknown. */
  readonly path: readonly string[];
}

/** The characters at which a segment of a key begins and ends. */
const BEGINS = String.raw`(?<=^|[\s/:.,|&=-])`;
const ENDS = String.raw`(?=$|[\s/:.,|&-])`;
/**
 * The content of a placeholder: `id`, `0`, `dto.id`, `args[0].id`, after the characters that SpEL and Handlebars
 * put before it; also nothing, as in `{}`.
 */
const INSIDE = String.raw`\s*[#@$.]?[\w.[\]'"?-]*\s*`;

/**
 * The spellings that count as a placeholder. A hash tag of Redis, `{tenant:7}`, is none of them. A hash tag of a
 * single word is one, since nobody can tell it from `{id}`. If one spelling begins with another, the longer one
 * comes first.
 */
const SPELLINGS = [
  // JavaScript, SpEL templates, Ruby and Elixir have these. Anything may be inside, and the closing brace may be
  // missing.
  String.raw`\$\{[^{}]*\}?`,
  String.raw`[#%]\{[^{}]*\}`,
  // Handlebars, Angular and Jinja have these.
  String.raw`\{\{[^{}]*\}\}`,
  // .NET, Python, Rust and log4j have these.
  String.raw`\{${INSIDE}\}`,
  // Python has these.
  String.raw`%\(\w+\)[a-z]`,
  // printf and util.format have these.
  String.raw`${BEGINS}%(\d+\$)?[sdifoOjcv](?!\w)`,
  // Shells, PHP, PostgreSQL and JSONPath have these.
  String.raw`\$[\w.][\w.[\]]*`,
  // SpEL and C# have these, routes of Express and named parameters of SQL too.
  String.raw`${BEGINS}#[\w.[\]]+`,
  String.raw`${BEGINS}@\w+${ENDS}`,
  String.raw`${BEGINS}:[a-z_]\w*`,
  // JDBC has these.
  String.raw`${BEGINS}\?${ENDS}`,
  String.raw`\b(?:args|arguments)\[\w+\][\w.[\]]*`,
  String.raw`${BEGINS}\[\w+\]${ENDS}`,
];

const LONGEST_SHOWN = 60;

const FOREIGN = new RegExp(SPELLINGS.map((spelling) => `(?:${spelling})`).join('|'));

/**
 * Finds the first placeholder of another tool in a text. It would be the same text in every key.
 *
 * @param follows true if the text follows a value, and so ends its segment: `<0>:id` is an ordinary key
 */
export function findForeignPlaceholder(text: string, follows: boolean): ForeignPlaceholder | undefined {
  const before = follows ? '0' : '';
  const found = FOREIGN.exec(before + text);
  if (found === null) return undefined;
  const [spelling] = found;
  const at = found.index - before.length;
  // The error repeats it, and has to stay readable.
  if (spelling.length > LONGEST_SHOWN) return { text: `${spelling.slice(0, LONGEST_SHOWN)}…`, at, path: [] };
  return { text: spelling, at, path: pathIn(spelling) };
}

/** The path in a spelling: `#{#root.args[0].id}` names the same as `<0.id>`. */
function pathIn(spelling: string): string[] {
  const inPython = /^%\((\w+)\)/.exec(spelling)?.[1];
  if (inPython !== undefined) return [inPython];
  // The meaning of `%s` and `%1$s` is unknown: they go by the order in which values are given.
  const names = (/^%\w/.test(spelling) ? null : spelling.match(/\w+/g)) ?? [];
  const isArguments = names.findIndex((name) => name === 'args' || name === 'arguments');
  const path = isArguments === -1 ? names : names.slice(isArguments + 1);
  // SpEL names the first argument `#p0` and `#a0`.
  const position = /^#(?:\{#)?[pa](\d+)\b/.exec(spelling)?.[1];
  return position === undefined ? path : [position, ...path.slice(1)];
}
