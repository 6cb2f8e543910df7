/** The token that this tab was given: kept in sessionStorage, so it goes with the tab and no other page reads it. */

const KEY = 'earsight-token';

export function pageToken(): string | null {
  try {
    return globalThis.sessionStorage.getItem(KEY);
  } catch {
    // Storage may be forbidden; then the token lasts as long as the page.
    return kept;
  }
}

export function keepToken(token: string): void {
  kept = token;
  try {
    globalThis.sessionStorage.setItem(KEY, token);
  } catch {
    // As above.
  }
}

export function forgetToken(): void {
  kept = null;
  try {
    globalThis.sessionStorage.removeItem(KEY);
  } catch {
    // As above.
  }
}

/** The header that every request carries; none while no token is known. */
export function authorization(): Record<string, string> {
  const token = pageToken();
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}

let kept: string | null = null;
