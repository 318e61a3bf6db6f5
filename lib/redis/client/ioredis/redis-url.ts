import type { RedisOptions } from './ioredis';

/** Throws. `message` says what is wrong, and repeats no part of the input: any part may contain a password. */
export type Refuse = (message: string) => never;

const FORM = '"redis://user:password@host:6379/0", "rediss://…" for TLS, or the "/path" of a unix socket';

/** Servers that speak the protocol of Redis have schemes of their own, with the same meaning. */
const SCHEME = /^(?:redis|valkey|redict)(s?):\/\//;

/** The text of a variable that is not set, as the host or the port of a URL. Users and passwords come before that. */
const UNSET_PLACE = /^(?:undefined(?=[:/?]|$)|(?:[^/:?]+|\[[^\]]*\]):undefined(?=[/?]|$))/;

/** What stands before a URL that was split from a list, or read from a file of variables that keeps quotation marks. */
const BEFORE_URL = /^[\s"'`]+/;

/** The options of ioredis that a URL stands for. ioredis itself would let the query of a URL replace our options. */
export function optionsFromUrl(text: string, refuse: Refuse): RedisOptions {
  if (text === '')
    return refuse(`is an empty string, as a variable of the environment may be. Write ${FORM}.`);
  // Without its scheme, a URL would be read as a path, and its password would become a part of the name.
  if (text.startsWith('//')) return refuse(`does not begin with redis:// or rediss://. Write ${FORM}.`);
  if (text.startsWith('/')) return { path: text };

  if (/,\s*\w+:\/\//.test(text))
    return refuse('holds several URLs. Each node is a string of its own: split the text at its commas.');
  const place = text.replace(/^\w+:\/\/(?:[^/]*@)?/, '');
  if (text === 'undefined' || (place !== text && UNSET_PLACE.test(place)))
    return refuse(
      'is made of a variable of the environment that is not set: it has "undefined" in the place of a value.',
    );
  const scheme = SCHEME.exec(text);
  if (scheme === null && SCHEME.test(text.replace(BEFORE_URL, '')))
    return refuse(
      'begins with white space or a quotation mark. Trim what you split at commas: text.split(",").map((url) => ' +
        'url.trim()). Write a variable of the environment without quotation marks where nothing removes them.',
    );
  if (scheme === null) return refuse(`does not begin with redis:// or rediss://. Write ${FORM}.`);
  const url = URL.canParse(text) ? new URL(text) : refuse(`is not a URL that can be read. Write ${FORM}.`);
  if (url.hostname === '') return refuse(`has no host. Write ${FORM}.`);
  // If a "#" or an "@" in a password was not encoded, the rest of the password is in these parts. If everything
  // was encoded, the password is in the host.
  if (url.hash !== '' || !/^[\w.:[\]-]+$/.test(url.hostname))
    return refuse(
      `has a host that is no host name. Encode what is special in user and password. Write ${FORM}.`,
    );
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 6379 : Number(url.port),
    db: databaseIn(url, refuse),
    ...credentialsIn(url, refuse),
    ...familyIn(url, refuse),
    ...(scheme[1] === 's' ? { tls: {} } : {}),
  };
}

function databaseIn(url: URL, refuse: Refuse): number {
  const path = url.pathname.replace(/^\//, '');
  return /^\d*$/.test(path)
    ? Number(path)
    : refuse('names a database that is not a number. Write "…:6379/1".');
}

function credentialsIn(url: URL, refuse: Refuse): RedisOptions {
  try {
    return {
      ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
      ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
    };
  } catch {
    return refuse('has a user name or password with a "%" that encodes nothing. Write it as "%25".');
  }
}

function familyIn(url: URL, refuse: Refuse): RedisOptions {
  for (const name of url.searchParams.keys()) {
    if (name !== 'family')
      refuse('has a query that is not known. Pass an object of ioredis options instead of a URL.');
  }
  const family = url.searchParams.get('family');
  if (family === null) return {};
  return /^[046]$/.test(family) ? { family: Number(family) } : refuse('has a `family` other than 0, 4 or 6.');
}
