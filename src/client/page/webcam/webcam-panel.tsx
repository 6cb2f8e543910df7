/** Starts and stops the viewer's own camera, and says in words how that goes. */

import type { WebcamPublisher, WebcamState } from './webcam-publisher.ts';

/** A wait that is worth a word, in milliseconds. */
const TOLD_FROM_MS = 3_000;

export function WebcamButton({ webcam }: { webcam: WebcamPublisher }) {
  const { phase } = webcam.state.value;
  if (phase === 'off' || phase === 'trouble') {
    return (
      <button type="button" class="button button-primary" onClick={() => void webcam.start()}>
        Use my webcam
      </button>
    );
  }
  return (
    <button type="button" class="button" disabled={phase === 'asking'} onClick={() => void webcam.stop()}>
      {phase === 'live' && <span class="on-air" aria-hidden="true" />}
      {phase === 'asking' ? 'Waiting for you…' : 'Stop my webcam'}
    </button>
  );
}

export function WebcamNotice({ webcam }: { webcam: WebcamPublisher }) {
  const notice = noticeOf(webcam.state.value);
  return (
    <div role="status">
      {notice !== null && (
        <div class="notice" data-tone={notice.tone}>
          <div>
            <strong>{notice.title}</strong> <span>{notice.text}</span>
          </div>
          {notice.tone === 'bad' && (
            <button type="button" class="button" onClick={() => webcam.dismiss()}>
              Dismiss
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function noticeOf(state: WebcamState): { tone: 'wait' | 'bad'; title: string; text: string } | null {
  switch (state.phase) {
    case 'off':
    case 'live':
      return null;
    case 'asking':
      return {
        tone: 'wait',
        title: 'Allow the camera and the microphone.',
        text: 'The browser asks you now. Picture and sound go to this server only.',
      };
    case 'connecting':
      return { tone: 'wait', title: 'Connecting your webcam…', text: 'It appears below in a moment.' };
    case 'reconnecting':
      return {
        tone: 'wait',
        title: 'Connecting your webcam again…',
        text: `${state.why}${nextTryOf(state)}`,
      };
    case 'trouble':
      return { tone: 'bad', title: `${state.trouble.title}.`, text: state.trouble.advice };
  }
}

/** By the clock and not by a countdown, which a screen reader would speak each second. */
function nextTryOf({ nextTryWallMs }: { nextTryWallMs: number }): string {
  if (nextTryWallMs - Date.now() < TOLD_FROM_MS) return '';
  return ` The next try is at ${new Date(nextTryWallMs).toLocaleTimeString()}.`;
}
