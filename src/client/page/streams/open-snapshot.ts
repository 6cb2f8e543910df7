/** Shows the newest picture with its overlay in a tab of its own. */

import { readSnapshot } from '../api/streams-api.ts';

/** A tab has long loaded the picture by then. */
const REVOKE_MS = 60_000;

/** Fetched here, since a link could not carry the page's token. */
export async function openSnapshot(id: string): Promise<void> {
  // Opened at once: after the answer it would count as a pop-up.
  const tab = globalThis.open('', '_blank');
  if (tab === null) return;
  try {
    const address = await readSnapshot(id);
    tab.location.href = address;
    setTimeout(() => {
      URL.revokeObjectURL(address);
    }, REVOKE_MS);
  } catch (error) {
    tab.document.body.textContent = error instanceof Error ? error.message : String(error);
  }
}
