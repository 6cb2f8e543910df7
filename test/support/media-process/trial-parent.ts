/** A parent process for lifetime tests: starts a trial child and prints its pid; `close` then closes it and has nothing left to do. */

import { MediaProcess } from '../../../src/pipeline/ingest/process/media-process.ts';
import type { TrialCommand, TrialEvent } from './trial-child.ts';

const ignore = (): undefined => undefined;
const child = new MediaProcess<TrialCommand, TrialEvent>({
  entry: new URL('./trial-child.ts', import.meta.url),
  sourceId: 'trial',
  epoch: 0,
  media: { frame: ignore, audio: ignore, report: ignore, tracks: ignore, drop: ignore },
  onEvent: () => {
    console.log(child.pid);
    if (process.argv[2] === 'close') void child.close();
  },
  onExit: ignore,
});
child.send({ do: 'environment' });
