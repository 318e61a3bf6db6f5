import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export const TOKEN_HEADER = 'x-board-token';
export const TOKEN_COOKIE = 'board-token';

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
  const cookies = (headers.cookie ?? '').split(';').map((cookie) => cookie.trim());
  // Boards of one host have cookies of the same name, each for its own path.
  return (
    token.length >= SHORTEST_TOKEN &&
    cookies.some(
      (cookie) =>
        cookie.startsWith(`${TOKEN_COOKIE}=`) && isSame(cookie.slice(TOKEN_COOKIE.length + 1), token),
    )
  );
}

const SHORTEST_TOKEN = 22;

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
