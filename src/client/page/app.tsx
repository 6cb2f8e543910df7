/** The page as a whole: head, notices, display controls, the streams side by side, dialogs. */

import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { StreamInfo } from '../../protocol/messages.ts';
import { may } from './access/access.ts';
import { AddCameraDialog } from './cameras/add-camera-dialog.tsx';
import { RemoveStreamDialog } from './cameras/remove-stream-dialog.tsx';
import { ConnectionBanner } from './connection/connection-banner.tsx';
import type { LiveConnection, LiveStream } from './connection/live-connection.ts';
import { AboutDialog } from './controls/about-dialog.tsx';
import { DisplayBar } from './controls/display-bar.tsx';
import { StateAnnouncer } from './streams/state-announcer.tsx';
import { StreamCard } from './streams/stream-card.tsx';
import { WebcamButton, WebcamNotice } from './webcam/webcam-panel.tsx';
import type { WebcamPublisher } from './webcam/webcam-publisher.ts';

type OpenDialog = { kind: 'add-camera' } | { kind: 'about' } | { kind: 'remove'; stream: StreamInfo };

const dialog = signal<OpenDialog | null>(null);
/** Stream shown large; null: none, or the only one there is. */
const enlargedId = signal<string | null>(null);

export interface AppProps {
  connection: LiveConnection;
  webcam: WebcamPublisher;
}

export function App({ connection, webcam }: AppProps) {
  useEscape();
  const hello = connection.hello.value;
  return (
    <>
      <header class="page-head">
        <div class="brand">
          <Logo />
          <h1>Earsight</h1>
          <p>See where the sound comes from.</p>
        </div>
        <div class="page-actions">
          {hello !== null && (
            <button
              type="button"
              class="button button-plain"
              onClick={() => (dialog.value = { kind: 'about' })}
            >
              About the model
            </button>
          )}
          {may('admin') && (
            <button type="button" class="button" onClick={() => (dialog.value = { kind: 'add-camera' })}>
              Add camera
            </button>
          )}
          {may('publish') && <WebcamButton webcam={webcam} />}
        </div>
      </header>
      <main>
        <ConnectionBanner connection={connection} />
        <WebcamNotice webcam={webcam} />
        {hello === null ? (
          <p class="booting">
            {connection.link.value === 'lost' ? 'Waiting for the server…' : 'Connecting…'}
          </p>
        ) : (
          <>
            <DisplayBar classes={hello.model.classes} />
            <StreamGrid connection={connection} />
          </>
        )}
      </main>
      <StateAnnouncer connection={connection} />
      <Dialogs connection={connection} />
    </>
  );
}

function StreamGrid({ connection }: { connection: LiveConnection }) {
  const streams = connection.streams.value;
  const classes = connection.hello.value?.model.classes ?? [];
  if (streams.length === 0) return <EmptyState />;
  const only = streams.length === 1;
  const enlarged = (stream: LiveStream): boolean => only || stream.id === enlargedId.value;
  // The enlarged one comes first on screen and in the tab order alike.
  const ordered = [...streams.filter(enlarged), ...streams.filter((stream) => !enlarged(stream))];
  return (
    <div class="grid">
      {ordered.map((stream) => (
        <StreamCard
          key={stream.id}
          stream={stream}
          classes={classes}
          enlarged={enlarged(stream)}
          connected={connection.link.value === 'open'}
          onToggle={() => toggleEnlarged(stream.id)}
          onRemove={() => (dialog.value = { kind: 'remove', stream: stream.info.peek() })}
        />
      ))}
    </div>
  );
}

function EmptyState() {
  return (
    <div class="empty">
      <Logo />
      <h2>No streams yet</h2>
      <p>Use your webcam with the button above, or add a camera that speaks RTSP, RTMP, HLS or HTTP.</p>
    </div>
  );
}

function Dialogs({ connection }: { connection: LiveConnection }) {
  const open = dialog.value;
  const close = (): void => {
    dialog.value = null;
  };
  switch (open?.kind) {
    case 'add-camera':
      return <AddCameraDialog onClose={close} />;
    case 'remove':
      return <RemoveStreamDialog stream={open.stream} onClose={close} />;
    case 'about': {
      const hello = connection.hello.value;
      return hello === null ? null : <AboutDialog hello={hello} onClose={close} />;
    }
    case undefined:
      return null;
  }
}

function toggleEnlarged(id: string): void {
  enlargedId.value = enlargedId.peek() === id ? null : id;
  // The card moves; whoever pressed it goes along.
  requestAnimationFrame(() => {
    const card = document.querySelector(`[data-stream-card="${id}"]`);
    card?.querySelector<HTMLElement>('.picture')?.focus({ preventScroll: true });
    card?.scrollIntoView({ block: 'nearest' });
  });
}

function useEscape(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const id = enlargedId.peek();
      if (event.key === 'Escape' && dialog.peek() === null && id !== null) toggleEnlarged(id);
    };
    document.addEventListener('keydown', onKey);
    return () => {
      document.removeEventListener('keydown', onKey);
    };
  }, []);
}

function Logo() {
  return (
    <svg class="logo" viewBox="4 4 24 24" aria-hidden="true">
      <circle cx="12" cy="16" r="3.5" fill="currentColor" />
      <g fill="none" stroke="currentColor" stroke-linecap="round" stroke-width="2.4">
        <path d="M17.4 10.6a7.6 7.6 0 0 1 0 10.8" />
        <path d="M21.8 6.6a13.3 13.3 0 0 1 0 18.8" opacity=".55" />
      </g>
    </svg>
  );
}
