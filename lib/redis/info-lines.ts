export type InfoLines = Readonly<Partial<Record<string, string>>>;

/** `name:value` in each line, as INFO and CLUSTER INFO write it. */
export function infoLines(text: string): InfoLines {
  return Object.fromEntries(
    text.split(/\r?\n/).flatMap((line) => {
      const colon = line.indexOf(':');
      return colon > 0 && !line.startsWith('#') ? [[line.slice(0, colon), line.slice(colon + 1)]] : [];
    }),
  );
}
