import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export const TOKEN_HEADER = 'x-board-token';
const TOKEN_COOKIE = 'board-token';

/**
 * Whether a request comes from a page of this board: from the same origin, with the token that the page was loaded with,
 * which only that page can read and which its cookie repeats. So it does not matter which process served the page.
 */
export function isFromPage(headers: IncomingHttpHeaders): boolean {
  return isSameOrigin(headers) && hasToken(headers);
}

function isSameOrigin(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  // Browsers say so themselves, where the connection is safe or to this machine.
  if (site !== undefined) return site === 'same-origin';
  const { origin, host } = headers;
  const forwarded = headers['x-forwarded-host'];
  if (origin === undefined || !URL.canParse(origin)) return false;
  const from = new URL(origin).host;
  // A proxy may have another name for us; no page of another origin can set that header without being asked first.
  return from === host || from === [forwarded].flat()[0];
}

function hasToken(headers: IncomingHttpHeaders): boolean {
  const token = [headers[TOKEN_HEADER]].flat()[0] ?? '';
  return tokensIn(headers).some((one) => isSame(one, token));
}

/** The token of the pages that this browser has loaded before, of whatever board of this host. */
export function pageToken(headers: IncomingHttpHeaders): string | undefined {
  return tokensIn(headers)[0];
}

/**
 * The cookie that repeats a token. Its name has the begin of the token: two pages that are loaded at the same moment get a
 * token each, and neither must take away that of the other.
 */
export function cookieOf(token: string): string {
  return `${TOKEN_COOKIE}-${token.slice(0, 6)}=${token}`;
}

/**
 * It has no path, so the browser takes the folder of the page, as it sees it: a proxy may have put the page anywhere. So
 * boards of one folder, and of one host with several ports, share their tokens. Which of them a page is of does not
 * matter: only pages of this origin can read one.
 */
function tokensIn({ cookie = '' }: IncomingHttpHeaders): string[] {
  return cookie.split(';').flatMap((one) => COOKIE.exec(one.trim())?.[1] ?? []);
}

/** Long enough that nobody guesses it, and nothing that HTML or a header takes for something else. */
const COOKIE = new RegExp(`^${TOKEN_COOKIE}(?:-[\\w-]{6})?=([\\w-]{22,86})$`);

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
