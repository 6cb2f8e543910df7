/** Rate, latency, skew and drops of one stream, and on request where they come from. */

import type { LiveStream } from '../connection/live-connection.ts';
import { formatCount, formatMs, formatRate, formatSignedMs } from './formats.ts';
import { StageBar } from './stage-bar.tsx';
import { DELIBERATE_DROPS, dropWords } from './status-words.ts';

/** Drops by reason, the page's own among them; largest first. */
function dropsOf(stream: LiveStream): [reason: string, count: number][] {
  const drops = new Map(Object.entries(stream.detail.value?.stats?.drops ?? {}));
  if (stream.feed.missed.value > 0) drops.set('slow-subscriber', stream.feed.missed.value);
  return [...drops].filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
}

export function StreamFigures({ stream }: { stream: LiveStream }) {
  const { resultRateHz, captureToSendMs, skewUs } = stream.feed.reading.value;
  const faults = dropsOf(stream).filter(([reason]) => !DELIBERATE_DROPS.has(reason));
  const dropped = faults.reduce((sum, [, count]) => sum + count, 0);
  return (
    <dl class="figures">
      <Figure
        label="Results"
        unit="/s"
        value={captureToSendMs === null ? null : formatRate(resultRateHz)}
        title="Heatmaps a second that reach this page"
      />
      <Figure
        label="Latency"
        value={captureToSendMs === null ? null : formatMs(captureToSendMs.p50)}
        title={
          captureToSendMs === null
            ? 'From capture to sending'
            : `From capture to sending: median ${formatMs(captureToSendMs.p50)}, 95 % below ${formatMs(captureToSendMs.p95)}`
        }
      />
      <Figure
        label="Skew"
        value={skewUs === null ? null : formatSignedMs(skewUs / 1_000)}
        title="Estimated error between picture and sound, sound minus picture"
      />
      <Figure label="Dropped" value={formatCount(dropped)} title={dropSentence(faults)} />
    </dl>
  );
}

function Figure(props: { label: string; value: string | null; unit?: string; title: string }) {
  return (
    <div class="figure" title={props.title}>
      <dt>{props.label}</dt>
      <dd data-figure={props.label.toLowerCase()}>
        {props.value ?? '–'}
        {props.value !== null && props.unit !== undefined && <small>{props.unit}</small>}
      </dd>
    </div>
  );
}

function dropSentence(drops: readonly (readonly [string, number])[]): string {
  if (drops.length === 0) return 'No frame was dropped';
  return drops.map(([reason, count]) => `${count} ${dropWords(reason)}`).join(', ');
}

/** The figures behind the figures, for the enlarged view. */
export function StreamDetails({ stream }: { stream: LiveStream }) {
  const { stages, captureToSendMs } = stream.feed.reading.value;
  const detail = stream.detail.value;
  const drops = dropsOf(stream);
  const { picture } = stream.info.value;
  return (
    <div class="details">
      <section>
        <h3>
          Time by stage
          {captureToSendMs !== null && (
            <span class="quiet">
              {' '}
              median {formatMs(captureToSendMs.p50)}, p95 {formatMs(captureToSendMs.p95)}
            </span>
          )}
        </h3>
        <StageBar stages={stages} />
      </section>
      <section>
        <h3>Frames not used</h3>
        {drops.length === 0 ? (
          <p class="quiet">None.</p>
        ) : (
          <ul class="drops">
            {drops.map(([reason, count]) => (
              <li key={reason}>
                <b>{formatCount(count)}</b> {dropWords(reason)}
              </li>
            ))}
          </ul>
        )}
      </section>
      <section>
        <h3>Source</h3>
        <p class="quiet source">
          {detail?.url ?? KINDS[stream.info.value.kind]}
          {picture !== null && ` · ${picture.width}×${picture.height}`}
          {detail?.stats != null && detail.stats.restarts > 0 && ` · ${detail.stats.restarts} reconnections`}
        </p>
      </section>
    </div>
  );
}

const KINDS = { demo: 'Demo scene, drawn by the server', url: 'Camera', webcam: 'A webcam, by WebRTC' };
