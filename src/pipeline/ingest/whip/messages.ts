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
  /** Addresses offered before those of the machine's interfaces (loopback is not among those). */
  hostAddresses: string[];
  /** Ports to use; null lets the system choose. A publisher takes one for each of UDP and TCP, and each IP version. */
  portRange: { min: number; max: number } | null;
  /** Whether publishers may come over TCP (RFC 6544), where UDP is blocked. */
  tcp: boolean;
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
  | { type: 'update'; request: number; fragment: string; anySession: boolean };

/** What a fragment did. */
export interface IceUpdate {
  /** Our side after an ICE restart, a trickle-ice-sdpfrag; null when candidates were added and nothing else. */
  answerFragment: string | null;
  /** Number of the ICE session: 0 is the offer's, and each restart makes the next one. */
  iceGeneration: number;
}

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
  | ({ type: 'updated'; request: number } & IceUpdate)
  /** The offer (`request` null) or the fragment could not be taken. */
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
