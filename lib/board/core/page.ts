import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Beside the compiled library, built or not: `npm run build` puts it there. */
const FILE = join(__dirname, '..', '..', '..', 'dist', 'board', 'page.json');

interface BuiltPage {
  readonly script: string;
  readonly style: string;
  /** `sha256-…` of each, for the content security policy. */
  readonly scriptHash: string;
  readonly styleHash: string;
}

/** What the page is told when it is loaded. */
export interface PageSettings {
  readonly title: string;
  readonly allowRelease: boolean;
  /** Of this page, for its releases. */
  readonly token: string;
}

/** The page of the board, as it was built. */
export class BoardPage {
  private readonly built: BuiltPage;

  constructor() {
    this.built = JSON.parse(readFileSync(FILE, 'utf8')) as BuiltPage;
  }

  /** Nothing but the one script and the one style, and requests to where the page comes from. */
  get policy(): string {
    const { scriptHash, styleHash } = this.built;
    return [
      ...["default-src 'none'", `script-src '${scriptHash}'`, `style-src '${styleHash}'`],
      ...["connect-src 'self'", 'img-src data:', "base-uri 'none'", "form-action 'none'"],
      "frame-ancestors 'none'",
    ].join('; ');
  }

  html({ title, allowRelease, token }: PageSettings): string {
    const { script, style } = this.built;
    return [
      '<!doctype html>',
      '<html lang="en">',
      '<head>',
      '<meta charset="utf-8">',
      '<meta name="viewport" content="width=device-width, initial-scale=1">',
      '<meta name="color-scheme" content="light dark">',
      `<meta name="board-token" content="${escaped(token)}">`,
      `<meta name="board-release" content="${allowRelease}">`,
      `<title>${escaped(title)}</title>`,
      // No request for an icon either.
      '<link rel="icon" href="data:,">',
      `<style>${style}</style>`,
      '</head>',
      '<body>',
      '<div id="board"></div>',
      '<noscript>The board needs JavaScript. Scripts read the same as JSON at <code>state</code> below this address.</noscript>',
      `<script type="module">${script}</script>`,
      '</body>',
      '</html>',
    ].join('\n');
  }
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
