/** The messages between a source and its media child; `Command` and `Event` belong to the kind of source. */

import type { AudioChunk, IngestDrop, SenderReport, TracksInfo, VideoFrame } from '../../types.ts';

/** What the child leaves out, since only the parent knows it. */
type Identity = 'sourceId' | 'epoch';

export type ChildFrame = Omit<VideoFrame, Identity>;
export type ChildAudio = Omit<AudioChunk, Identity>;
export type ChildReport = Omit<SenderReport, Identity>;
export type ChildTracks = Omit<TracksInfo, Identity>;
export type ChildDrop = Omit<IngestDrop, Identity>;

/** Parent to child. A `ping` asks for a `pong`; `close` for an orderly end. */
export type ParentMessage<Command> =
  | { type: 'command'; command: Command }
  | { type: 'ping' }
  | { type: 'close' };

/** Child to parent. `frame` and `audio` carry their data as the message's payload; `bye` precedes an orderly end. */
export type ChildMessage<Event> =
  | ({ type: 'frame' } & Omit<ChildFrame, 'data'>)
  | ({ type: 'audio' } & Omit<ChildAudio, 'samples'>)
  | { type: 'report'; report: ChildReport }
  | { type: 'tracks'; tracks: ChildTracks }
  | { type: 'drop'; drop: ChildDrop }
  | { type: 'event'; event: Event }
  | { type: 'pong' }
  | { type: 'bye' };
