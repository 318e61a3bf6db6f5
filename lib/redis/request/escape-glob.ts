/** Escapes `text` for a glob of Redis, so that each character stands for itself. */
export function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\]/g, '\\$&');
}
