const MOST_SHOWN = 3;
const LONGEST_SHOWN = 200;

/** Lists resources: "order:1", or "order:1", "order:2", "order:3" and 4 more */
export function quoteResources(resources: readonly string[]): string {
  const shown = resources.slice(0, MOST_SHOWN).map(quoted);
  const more = resources.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function quoted(resource: string): string {
  const shown = resource.length > LONGEST_SHOWN ? `${resource.slice(0, LONGEST_SHOWN)}…` : resource;
  return JSON.stringify(shown);
}
