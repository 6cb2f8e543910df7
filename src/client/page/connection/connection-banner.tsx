/** Says that the server is out of reach, and that the page goes on by itself when it is back. */

import type { LiveConnection } from './live-connection.ts';

export function ConnectionBanner({ connection }: { connection: LiveConnection }) {
  const { link } = connection;
  return (
    <div role="status">
      {link.value === 'lost' && (
        <div class="notice" data-tone="bad" data-role="connection-lost">
          <div>
            <strong>The connection to the server is lost.</strong>{' '}
            <span>What you see is old. Trying again by itself.</span>
          </div>
        </div>
      )}
    </div>
  );
}
