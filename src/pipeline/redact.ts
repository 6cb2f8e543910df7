/** Keeps credentials out of everything that people and programs get to read. */

/** Stands where a secret was. */
export const mask = '***';

/** Query parameters whose values cameras and CDNs use as credentials. */
const secretParameter = /^(.*(pass|pwd|secret|token|key|auth|sig(nature)?|credential).*|user(name)?|login)$/i;

/** `user:password@` of any URL in a text; a password that holds `@` reaches to the last one before a blank or quote. */
const userInfo = /([a-z][a-z0-9+.-]*:\/\/)[^\s'"<>]*@/gi;

const queryValue = /([?&])([^=&#\s'"]+)=([^&#\s'"]*)/g;

/** The same in a text known to be one URL, where quotes and blanks belong to the value; some cameras use the path. */
const urlValue = /([?&;/])([^=&;/#]+)=([^&#]*)/g;

const maskValue = (all: string, mark: string, name: string): string =>
  secretParameter.test(name.trim()) ? `${mark}${name}=${mask}` : all;

/** A token of ours (src/server/access/token-hash.ts), wherever it turns up. */
const ownToken = /\bes_[\w-]{43}/g;

/** What follows the scheme of an HTTP or RTSP `Authorization` header (RFC 9110 section 11.6.2), to the line's end. */
const authorization = /\b(authorization:\s*[\w-]+\s+)[^\r\n]+/gi;

/**
 * What of one URL may be shown: user, password and secret query values are masked. Works on what is no URL, too; then
 * everything up to an `@` goes, since people forget the scheme sooner than the password.
 */
export function redactUrl(url: string): string {
  const scheme = /^\s*[a-z][a-z0-9+.-]*:\/\//i.exec(url)?.[0] ?? '';
  const at = url.lastIndexOf('@');
  const bare = at < scheme.length ? url : `${scheme}${mask}${url.slice(at)}`;
  return redactPatterns(bare.replace(urlValue, maskValue));
}

/**
 * Takes credentials out of any text: those of every URL in it by their place, and those of `urls` wherever and
 * however they are written (as given, percent-decoded, percent-encoded, as an HTTP Basic header).
 */
export function redactText(text: string, urls: readonly string[] = []): string {
  return redactor(urls)(text);
}

/** {@link redactText} prepared once for the URLs of a source. */
export function redactor(urls: readonly string[]): (text: string) => string {
  // Longer first, so that no secret is left in part by a shorter one inside it.
  const secrets = [...new Set(urls.flatMap(secretsOf))].sort((a, b) => b.length - a.length);
  return (text) => {
    // First, while what was cut still is the beginning of a URL.
    const whole = urls.reduce(maskCutEnd, text);
    return redactPatterns(secrets.reduce((left, secret) => left.replaceAll(secret, mask), whole));
  };
}

/** A line that was cut (FFmpeg's are at 1 kB) may end within the password, where neither it nor its `@` is found. */
function maskCutEnd(text: string, url: string): string {
  const scheme = url.slice(0, url.indexOf('://') + 3);
  const start = text.lastIndexOf(scheme);
  if (scheme.length < 3 || start < 0 || redactUrl(url) === url) return text;
  const rest = text.slice(start);
  return rest.length < url.length && url.startsWith(rest) ? `${text.slice(0, start)}${scheme}${mask}` : text;
}

function redactPatterns(text: string): string {
  return text
    .replace(userInfo, `$1${mask}@`)
    .replace(queryValue, maskValue)
    .replace(ownToken, mask)
    .replace(authorization, `$1${mask}`);
}

/** Every spelling of a URL's secrets. Of passwords under three characters only those inside `user:password@`. */
function secretsOf(url: string): string[] {
  const parameters = [...url.matchAll(queryValue), ...url.matchAll(urlValue)]
    .filter(
      ([, , name = '', value = '']) =>
        secretParameter.test(name) && (!/^(user(name)?|login)$/i.test(name) || value.includes('=')),
    )
    .map(([, , , value = '']) => value);
  // Up to the `@` that a parser takes, and up to the last one: a password may have been written as it is.
  const infos = [/^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)@/i, /^[^:]+:\/\/(.*)@/s].flatMap((place) => {
    const info = place.exec(url)?.[1];
    return info === undefined ? [] : [info];
  });
  const accounts = infos.map((info) => {
    const colon = info.indexOf(':');
    return colon < 0
      ? { user: info, password: '' }
      : { user: info.slice(0, colon), password: info.slice(colon + 1) };
  });
  const pairs = accounts.flatMap(({ user, password }) => [
    Buffer.from(`${user}:${password}`),
    Buffer.concat([percentDecoded(user), Buffer.from(':'), percentDecoded(password)]),
  ]);
  const words = [...accounts.map(({ password }) => password), ...parameters].flatMap(spellings);
  return [
    ...pairs.map((pair) => `${pair.toString()}@`),
    ...pairs.map((pair) => pair.toString('base64')),
    ...words.filter((secret) => secret.length >= 3),
  ];
}

function spellings(secret: string): string[] {
  const plain = percentDecoded(secret).toString();
  return [secret, plain, encodeURIComponent(plain), encodeURI(plain)];
}

/**
 * Bytes, since what a person wrote need not be UTF-8 (`%aa`), nor be encoded at all (`50%`): as FFmpeg does, a `%` that
 * two hexadecimal digits do not follow stands for itself.
 */
function percentDecoded(text: string): Buffer {
  const pieces = text.split(/%([\da-f]{2})/i);
  return Buffer.concat(pieces.map((piece, i) => Buffer.from(piece, i % 2 === 1 ? 'hex' : 'utf8')));
}
