/** What the model hears and sees now, class by class, and what it heard in the last half minute. */

import { useLayoutEffect, useRef } from 'preact/hooks';
import type { ClassInfo } from '../../../protocol/messages.ts';
import { settings } from '../settings.ts';
import { HISTORY_COLUMNS, HISTORY_SPAN_MS } from './heard-history.ts';
import type { ClassReading, StreamFeed } from './stream-feed.ts';

export interface ClassMetersProps {
  feed: StreamFeed;
  classes: readonly ClassInfo[];
  /** Both probabilities and the history; otherwise only what is heard. */
  full: boolean;
}

export function ClassMeters({ feed, classes, full }: ClassMetersProps) {
  const readings = new Map(feed.reading.value.classes.map((reading) => [reading.index, reading]));
  const { hiddenClasses } = settings.value;
  return (
    // Keyed, so that Chromium lays the list out afresh: inside a size container it keeps the old columns.
    <div key={full ? 'full' : 'brief'} class={full ? 'meters meters-full' : 'meters'}>
      {full && (
        <div class="meter-heads" aria-hidden="true">
          <span>Class</span>
          <span>Heard</span>
          <span>Seen</span>
          <span>Heard, last {HISTORY_SPAN_MS / 1_000} s</span>
        </div>
      )}
      <ul aria-label="Probabilities by class">
        {classes.map((info) => (
          <ClassMeter
            key={info.name}
            info={info}
            feed={feed}
            reading={readings.get(info.index)}
            hidden={hiddenClasses.includes(info.name)}
            full={full}
          />
        ))}
      </ul>
    </div>
  );
}

interface ClassMeterProps {
  info: ClassInfo;
  feed: StreamFeed;
  reading: ClassReading | undefined;
  hidden: boolean;
  full: boolean;
}

function ClassMeter({ info, feed, reading, hidden, full }: ClassMeterProps) {
  return (
    <li
      class="meter"
      data-class={info.name}
      data-active={reading?.active ?? false}
      data-hidden={hidden}
      style={{ '--class-colour': info.colour }}
    >
      <span class="meter-name" title={info.name}>
        {info.name}
      </span>
      <Bar label={`${info.name}, heard`} value={reading?.heard} />
      {full && <Bar label={`${info.name}, seen`} value={reading?.seen} faint />}
      {full && <Sparkline feed={feed} info={info} />}
    </li>
  );
}

/** @param props.value 0..1; undefined where nothing was computed, which is not the same as nothing heard. */
function Bar(props: { label: string; value: number | undefined; faint?: boolean }) {
  const { label, value = 0, faint = false } = props;
  const percent = Math.round(value * 100);
  return (
    <span
      class="meter-reading"
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      aria-valuetext={props.value === undefined ? 'not known' : `${percent} %`}
    >
      <span class={faint ? 'bar bar-faint' : 'bar'}>
        <span class="bar-fill" style={{ transform: `scaleX(${value})` }} />
      </span>
      <span class="meter-percent">{props.value === undefined ? '–' : percent}</span>
    </span>
  );
}

const SPARKLINE_HEIGHT = 22;

function Sparkline({ feed, info }: { feed: StreamFeed; info: ClassInfo }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const values = useRef(new Float32Array(HISTORY_COLUMNS));
  const reading = feed.reading.value;
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (context === null || context === undefined) return;
    feed.history.read(info.index, values.current);
    drawSparkline(context, values.current, info.colour);
  }, [reading, feed, info]);
  return (
    <canvas
      ref={canvas}
      class="sparkline"
      width={HISTORY_COLUMNS * 2}
      height={SPARKLINE_HEIGHT * 2}
      aria-hidden="true"
    />
  );
}

/** One filled column per quarter second; nothing where nothing was received. */
function drawSparkline(context: CanvasRenderingContext2D, values: Float32Array, colour: string): void {
  const { width, height } = context.canvas;
  const step = width / values.length;
  context.clearRect(0, 0, width, height);
  context.fillStyle = colour;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    const bar = Math.max(2, value * height);
    context.globalAlpha = 0.3 + 0.7 * value;
    context.fillRect(i * step, height - bar, step, bar);
  }
  context.globalAlpha = 1;
}
