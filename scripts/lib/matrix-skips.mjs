/** The specs that do not run in some cells of the matrix, with the reason. */
const SKIPS = [
  {
    file: /^unit\/nest\/failed-start/,
    unless: ({ nest }) => nest >= 12,
    why: 'before Nest 12, app.close() calls no hooks after a failed start, and nothing can be told to end',
  },
  {
    file: /^e2e\/sample/,
    unless: ({ nest, ioredis }) => nest === 12 && ioredis === 6,
    why: 'the sample runs as a process of its own, on the packages of the project',
  },
];

/** Splits the specs into those that run in the cell, and those that do not, each with the reason. */
export function applySkips(cell, specs) {
  const skipOf = ({ file }) => SKIPS.find((skip) => skip.file.test(file) && !skip.unless(cell));
  return {
    specs: specs.filter((spec) => skipOf(spec) === undefined),
    skipped: specs.flatMap((spec) => skipOf(spec) ?? []).map(({ why }) => why),
  };
}
