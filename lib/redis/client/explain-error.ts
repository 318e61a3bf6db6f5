/** The reason and the remedy when TLS fails, by the words of OpenSSL or else by the code of Node. */
const TLS_REASONS: readonly (readonly [pattern: RegExp, explanation: string])[] = [
  [
    /wrong version number|packet length too long|http request/,
    'the port does not speak TLS. Write redis:// (no `tls`), or the port that does',
  ],
  [
    /certificate required/,
    'the server asks for a client certificate. Give `tls.cert` and `tls.key` (the program: --cert and --key)',
  ],
  [/alert certificate expired/, 'the client certificate has expired. Give a new one, or a function as `tls`'],
  [
    /alert (?:unknown ca|bad certificate|certificate unknown)/,
    'the server does not accept the client certificate. Give one of a CA that it trusts',
  ],
  [
    /alert protocol version|unsupported protocol/,
    'both sides have no version of TLS in common. Check `tls.minVersion` and `tls-protocols`',
  ],
  [/alert handshake failure/, 'the server ended the TLS handshake. Check its certificates and ciphers'],
  [
    /^connect ETIMEDOUT$/,
    'Check host, port and firewalls. If `tls` was given, check that the port speaks TLS',
  ],
  [
    /SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER)/,
    'Give the CA of the server as `tls.ca` (the program: --cacert)',
  ],
  [/CERT_HAS_EXPIRED/, 'Renew the certificate of the server'],
  [/CERT_NOT_YET_VALID/, 'Check the clocks of both sides'],
  [/ERR_TLS_CERT_ALTNAME_INVALID/, 'Connect by a name of the certificate, or give it as `tls.servername`'],
  [/PEM_NO_START_LINE|no start line/, 'What is given as a certificate or key in `tls` is not PEM'],
];

/**
 * The form in which OpenSSL writes an error: a thread, numbers, the place in its sources, and a line break at the
 * end.
 */
const OPENSSL = /^(?:[0-9A-F]+:)?error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/;

/** The message on one line, with words that tell what to change. */
export function explainError(message: string, code: string | undefined): string {
  const line = message.replace(/\s*[\r\n]+\s*/g, ' ').trim();
  const said = OPENSSL.exec(line)?.[1]?.trim() ?? line;
  const known = TLS_REASONS.find(
    ([pattern]) => pattern.test(said) || (code !== undefined && pattern.test(code)),
  );
  if (known === undefined) return said;
  const [, explanation] = known;
  // An explanation in lower case replaces the message. One with a capital letter follows it.
  return /^[a-z]/.test(explanation) ? `${explanation} (${said})` : `${said}. ${explanation}`;
}
