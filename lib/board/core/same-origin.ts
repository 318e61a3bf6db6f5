import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export const TOKEN_HEADER = 'x-board-token';
const TOKEN_COOKIE = 'board-token';

/**
 * Tells if a request comes from a page of this board: from the same origin, and with the token that the page was
 * loaded with. Only that page can read the token, and a cookie repeats it. So it does not matter which process
 * served the page.
 */
export function isFromPage(headers: IncomingHttpHeaders): boolean {
  return isSameOrigin(headers) && hasToken(headers);
}

function isSameOrigin(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  // Browsers tell this by themselves, if the connection is encrypted or goes to this machine.
  if (site !== undefined) return site === 'same-origin';
  const { origin, host } = headers;
  const forwarded = headers['x-forwarded-host'];
  if (origin === undefined || !URL.canParse(origin)) return false;
  const from = new URL(origin).host;
  // A proxy may use another name for this host. A page of another origin cannot set that header without a
  // preflight request.
  return from === host || from === [forwarded].flat()[0];
}

function hasToken(headers: IncomingHttpHeaders): boolean {
  const token = [headers[TOKEN_HEADER]].flat()[0] ?? '';
  return tokensIn(headers).some((one) => isSame(one, token));
}

/** The token of the pages that this browser has loaded before, from any board of this host. */
export function pageToken(headers: IncomingHttpHeaders): string | undefined {
  return tokensIn(headers)[0];
}

/**
 * Makes the cookie that repeats a token. Its name contains the begin of the token: two pages that are loaded at
 * the same moment get a token each, and neither cookie may replace the other.
 */
export function cookieOf(token: string): string {
  return `${TOKEN_COOKIE}-${token.slice(0, 6)}=${token}`;
}

/**
 * The tokens in the cookies. The cookies have no path, so the browser uses the folder of the page as it sees it: a
 * proxy may have put the page anywhere. So boards in one folder, and on one host with several ports, share their
 * tokens. That does no harm, since only pages of this origin can read one.
 */
function tokensIn({ cookie = '' }: IncomingHttpHeaders): string[] {
  return cookie.split(';').flatMap((one) => COOKIE.exec(one.trim())?.[1] ?? []);
}

/**
 * The form of a cookie with a token. The token is too long to be guessed, and has no character with a meaning in
 * HTML or headers.
 */
const COOKIE = new RegExp(`^${TOKEN_COOKIE}(?:-[\\w-]{6})?=([\\w-]{22,86})$`);

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
