/** Keeps credentials out of everything that people and programs get to read. */

const mask = '***';

/** Query parameters whose values cameras and CDNs use as credentials. */
const secretParameter = /^(.*(pass|pwd|secret|token|key|auth|sig(nature)?|credential).*|user(name)?|login)$/i;

/** `user:password@` of any URL in a text; a password that holds `@` reaches to the last one before a blank or quote. */
const userInfo = /([a-z][a-z0-9+.-]*:\/\/)[^\s'"<>]*@/gi;

const queryValue = /([?&])([^=&#\s'"]+)=([^&#\s'"]*)/g;

/** What of a URL may be shown: user, password and secret query values are masked. Works on what is no URL, too. */
export function redactUrl(url: string): string {
  return redactPatterns(url);
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
  return (text) => redactPatterns(secrets.reduce((left, secret) => left.replaceAll(secret, mask), text));
}

function redactPatterns(text: string): string {
  return text
    .replace(userInfo, `$1${mask}@`)
    .replace(queryValue, (all: string, mark: string, name: string) =>
      secretParameter.test(name) ? `${mark}${name}=${mask}` : all,
    );
}

/** Every spelling of a URL's secrets. Of passwords under three characters only those inside `user:password@`. */
function secretsOf(url: string): string[] {
  const info = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)@/i.exec(url)?.[1] ?? /^[^:]+:\/\/(.*)@/.exec(url)?.[1];
  const parameters = [...url.matchAll(queryValue)]
    .filter(([, , name = '']) => secretParameter.test(name) && !/^(user(name)?|login)$/i.test(name))
    .map(([, , , value = '']) => value);
  if (info === undefined) return parameters.flatMap(spellings).filter((secret) => secret.length >= 3);
  const colon = info.indexOf(':');
  const user = colon < 0 ? info : info.slice(0, colon);
  const password = colon < 0 ? '' : info.slice(colon + 1);
  const pairs = [`${user}:${password}@`, `${decode(user)}:${decode(password)}@`];
  const basic = [`${user}:${password}`, `${decode(user)}:${decode(password)}`].map((pair) =>
    Buffer.from(pair).toString('base64'),
  );
  const words = [password, ...parameters].flatMap(spellings).filter((secret) => secret.length >= 3);
  return [...pairs, ...basic, ...words];
}

function spellings(secret: string): string[] {
  const plain = decode(secret);
  return [secret, plain, encodeURIComponent(plain), encodeURI(plain)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
