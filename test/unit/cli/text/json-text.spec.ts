import { jsonText } from '../../../../lib/cli/text/json-text';

describe('JSON for a terminal', () => {
  const names = [
    '\u202eevil',
    'zero\u200bwidth',
    'c1\u009b31m',
    'tag\u{e0041}',
    'nbsp\u00a0',
    'ümläut 漢字',
    '\n"',
  ];

  it.each([undefined, 2])(
    'has no character that hides text or moves the cursor (indented by %p)',
    (space) => {
      const text = jsonText({ names, '\u2066key': 1 }, space);

      expect(text).not.toMatch(/[^\n\P{C}]|[\u200b\u202e\u2066\u00a0]/u);
      expect(text).toContain('ümläut 漢字');
      expect(JSON.parse(text)).toEqual({ names, '\u2066key': 1 });
    },
  );
});
