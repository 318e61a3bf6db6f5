export type InfoLines = Readonly<Partial<Record<string, string>>>;

/** The longest value that is read, since some values are shown. No real server has longer ones. */
const LONGEST_VALUE = 1_000;

/** Reads the lines of the form `name:value` in INFO and CLUSTER INFO. */
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
