/** Makes `text` stand for itself in a glob of Redis. */
export function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\]/g, '\\$&');
}
