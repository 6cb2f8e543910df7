/** What a WHIP source and its peer process say to each other beside media. */

import type { ErrorCode } from '../../errors.ts';
import type { PictureSize } from '../media/picture-size.ts';
import type { ChildAudio, ChildDrop, ChildFrame, ChildReport, ChildTracks } from '../process/messages.ts';

/** A STUN or TURN server, as in the WebRTC API. */
export interface IceServer {
  urls: string | string[];
  username?: string;
  credential?: string;
}

/** What a peer needs to be told. */
export interface PeerOptions {
  /** Addresses offered beside those of the machine's interfaces (loopback is not among those). */
  hostAddresses: string[];
  /** UDP ports to use; null lets the system choose. */
  portRange: { min: number; max: number } | null;
  iceServers: IceServer[];
  /** Most pictures a second handed on; null: every one. */
  maxRateHz: number | null;
  /** Largest picture handed on. */
  box: PictureSize;
  /** Rate of the sound handed on. */
  audioRateHz: number;
}

export type WhipCommand =
  | { type: 'offer'; sdp: string; options: PeerOptions }
  | { type: 'candidates'; request: number; fragment: string };

/** What becomes of the connection itself. */
export type PeerEvent =
  /** Media can flow (ICE and DTLS are up). */
  | { type: 'connected' }
  /** A track started over: times before and after cannot be compared. */
  | { type: 'restarted' }
  /** The publisher is gone; nothing more will come. */
  | { type: 'ended'; reason: 'publisher-left' | 'publisher-lost'; detail: string };

export type WhipEvent =
  | PeerEvent
  | { type: 'answer'; sdp: string }
  | { type: 'added'; request: number }
  /** The offer (`request` null) or the candidates could not be taken. */
  | { type: 'refused'; request: number | null; code: ErrorCode; message: string };

/**
 * Where a peer's media and events go; the process's media channel is one. Methods return at once and never throw;
 * arrays are given away.
 */
export interface PeerSink {
  frame(frame: ChildFrame): void;
  audio(chunk: ChildAudio): void;
  report(report: ChildReport): void;
  tracks(tracks: ChildTracks): void;
  drop(what: ChildDrop['what'], reason: string, count?: number): void;
  event(event: PeerEvent): void;
}
