export type InfoLines = Readonly<Partial<Record<string, string>>>;

/** Some are shown, and no server says more in earnest. */
const LONGEST_VALUE = 1_000;

/** `name:value` in each line, as INFO and CLUSTER INFO write it. */
export function infoLines(text: string): InfoLines {
  return Object.fromEntries(
    text.split(/\r?\n/).flatMap((line) => {
      const colon = line.indexOf(':');
      return colon > 0 && !line.startsWith('#')
        ? [[line.slice(0, colon), line.slice(colon + 1, colon + 1 + LONGEST_VALUE)]]
        : [];
    }),
  );
}
