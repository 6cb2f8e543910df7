/** The picture of one stream under its heat; pressing it enlarges the stream. */

import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ClassInfo } from '../../../protocol/messages.ts';
import type { LiveStream } from '../connection/live-connection.ts';
import { showStream } from './stream-view.ts';

export interface StreamPictureProps {
  stream: LiveStream;
  classes: readonly ClassInfo[];
  enlarged: boolean;
  /** What it shows is not live: dimmed, and without heat, which would claim a sound that may be long over. */
  stale: boolean;
  onToggle: () => void;
}

export function StreamPicture({ stream, classes, enlarged, stale, onToggle }: StreamPictureProps) {
  const picture = useRef<HTMLCanvasElement>(null);
  const heat = useRef<HTMLCanvasElement>(null);
  const markers = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState<{ width: number; height: number } | null>(null);
  const { name, picture: declared } = stream.info.value;

  useLayoutEffect(() => {
    if (picture.current === null || heat.current === null || markers.current === null) return;
    const canvases = { picture: picture.current, heat: heat.current, markers: markers.current };
    return showStream(stream.feed, classes, canvases, setSize);
  }, [stream.feed, classes]);

  const { width, height } = size ?? declared ?? { width: 4, height: 3 };
  return (
    <button
      type="button"
      class="picture"
      data-stale={stale}
      aria-expanded={enlarged}
      aria-label={`${name}: ${enlarged ? 'make smaller' : 'enlarge'}`}
      style={{ aspectRatio: `${width} / ${height}`, '--aspect': String(width / height) }}
      onClick={onToggle}
    >
      <canvas ref={picture} class="picture-layer picture-video" data-role="picture" />
      <canvas ref={heat} class="picture-layer picture-heat" data-role="heat" />
      <canvas ref={markers} class="picture-layer picture-markers" data-role="markers" />
    </button>
  );
}
