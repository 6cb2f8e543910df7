/** Asks before a stream is removed, since nothing brings it back. */

import { useState } from 'preact/hooks';
import type { StreamInfo } from '../../../protocol/messages.ts';
import { removeStream } from '../api/streams-api.ts';
import { Modal } from '../controls/modal.tsx';

export function RemoveStreamDialog({ stream, onClose }: { stream: StreamInfo; onClose: () => void }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const remove = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    try {
      await removeStream(stream.id);
      onClose();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  return (
    <Modal title={`Remove ${stream.name}?`} onClose={onClose}>
      <p>It stops for everyone who watches it. To have it back, it must be added again.</p>
      {problem !== null && (
        <p class="form-problem" role="alert">
          {problem}
        </p>
      )}
      <div class="form-actions">
        <button type="button" class="button" autofocus onClick={onClose}>
          Keep it
        </button>
        <button type="button" class="button button-danger" aria-disabled={busy} onClick={() => void remove()}>
          {busy ? 'Removing…' : 'Remove'}
        </button>
      </div>
    </Modal>
  );
}
