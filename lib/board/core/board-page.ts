interface BuiltPage {
  readonly script: string;
  readonly style: string;
  /** The hashes for the content security policy: `sha256-…` of each. */
  readonly scriptHash: string;
  readonly styleHash: string;
}

/** The settings that the page gets when it is loaded. */
export interface PageSettings {
  readonly title: string;
  readonly allowRelease: boolean;
  /** The token of this page, for its releases. */
  readonly token: string;
}

/** The page of the board, as it was built. */
export class BoardPage {
  private readonly built: BuiltPage;

  constructor() {
    this.built = readBuiltPage();
  }

  /**
   * The content security policy. It permits only the one script, the one style, and requests to the origin of the
   * page.
   */
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
      // So the browser requests no icon.
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

/**
 * Reads the page, which `npm run build` puts there. The path is right for the sources, and `rollup.config.mjs` puts the
 * right one into the package. It is a require, since a bundler finds that, and takes the page into the bundle.
 */
function readBuiltPage(): BuiltPage {
  // oxlint-disable-next-line typescript/no-require-imports -- the page does not exist before the library is built
  return require('../../../dist/board/page.json') as BuiltPage;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
