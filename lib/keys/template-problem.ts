export const templateProblem = (template: string, problem: string): string =>
  `Lock key template ${JSON.stringify(shortened(template))}: ${problem}`;

/** A key as it was written: `'order:<0>'`. Nothing is shown of a function. */
export const quoteKey = (key: unknown): string => {
  if (typeof key === 'function') return 'a function';
  return shortened(JSON.stringify(key));
};

/** The text, cut to a length that people read in a message. */
export const shortened = (text: string): string =>
  text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;

const LONGEST_QUOTE = 120;
