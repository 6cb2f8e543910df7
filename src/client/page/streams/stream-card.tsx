/** One stream: its picture, how it is, what it hears. Enlarged, it shows everything there is to know. */

import type { ClassInfo } from '../../../protocol/messages.ts';
import { may } from '../access/access.ts';
import type { LiveStream } from '../connection/live-connection.ts';
import { ClassMeters } from './class-meters.tsx';
import { openSnapshot } from './open-snapshot.ts';
import { alignmentWords, stateSentence, stateWords } from './status-words.ts';
import { StreamDetails, StreamFigures } from './stream-figures.tsx';
import { StreamPicture } from './stream-picture.tsx';

export interface StreamCardProps {
  stream: LiveStream;
  classes: readonly ClassInfo[];
  enlarged: boolean;
  /** The connection to the server stands; otherwise everything shown is old. */
  connected: boolean;
  onToggle: () => void;
  onRemove: () => void;
}

export function StreamCard({ stream, classes, enlarged, connected, onToggle, onRemove }: StreamCardProps) {
  const info = stream.info.value;
  const state = stateWords(info.state);
  const sentence = stateSentence(info);
  const running = info.state === 'live' || info.state === 'degraded';
  const stale = !connected || !running;
  return (
    <article class="card" data-enlarged={enlarged} data-stream-card={info.id} aria-label={info.name}>
      <div class="card-body">
        <div class="card-screen">
          <StreamPicture
            stream={stream}
            classes={classes}
            enlarged={enlarged}
            stale={stale}
            onToggle={onToggle}
          />
          {connected && !running && (
            <div class="scrim">
              <strong>{state.label}</strong>
              {sentence !== null && <span>{sentence}</span>}
            </div>
          )}
        </div>
        <div class="card-facts">
          <header class="card-head">
            <h2>{info.name}</h2>
            <span class="badge" data-tone={state.tone} data-state={info.state}>
              {state.label}
            </span>
            <AlignmentBadge stream={stream} />
          </header>
          {running && sentence !== null && <p class="card-sentence">{sentence}</p>}
          <StreamFigures stream={stream} />
          <ClassMeters feed={stream.feed} classes={classes} full={enlarged} />
          {enlarged && <StreamDetails stream={stream} />}
          {enlarged && (
            <footer class="card-actions">
              <button type="button" class="button" onClick={() => void openSnapshot(info.id)}>
                Snapshot
              </button>
              {may('admin') && (
                <button type="button" class="button button-quiet-danger" onClick={onRemove}>
                  Remove…
                </button>
              )}
            </footer>
          )}
        </div>
      </div>
    </article>
  );
}

function AlignmentBadge({ stream }: { stream: LiveStream }) {
  const { alignment } = stream.feed.reading.value;
  if (alignment === null) return null;
  const words = alignmentWords(alignment);
  return (
    <span
      class="badge badge-plain"
      data-tone={words.tone}
      data-alignment={alignment}
      title={words.explanation}
    >
      {words.label}
    </span>
  );
}
