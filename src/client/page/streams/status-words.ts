/** The states of a stream, in words and in three tones. Pure. */

import type { Alignment, StageTimes, StreamInfo, StreamState } from '../../../protocol/messages.ts';

/** `good`: as wanted. `wait`: works on it by itself. `bad`: needs a person. `idle`: over, and rightly. */
export type Tone = 'good' | 'wait' | 'bad' | 'idle';

export interface Words {
  label: string;
  tone: Tone;
}

const STATES: Record<StreamState, Words> = {
  connecting: { label: 'Connecting', tone: 'wait' },
  live: { label: 'Live', tone: 'good' },
  degraded: { label: 'Degraded', tone: 'wait' },
  stalled: { label: 'Stalled', tone: 'wait' },
  reconnecting: { label: 'Reconnecting', tone: 'wait' },
  ended: { label: 'Ended', tone: 'idle' },
  failed: { label: 'Failed', tone: 'bad' },
};

export function stateWords(state: StreamState): Words {
  return STATES[state];
}

/** Sentences for the commonest reasons, for when the server gave no detail. */
const REASONS: Record<string, string> = {
  connecting: 'Waiting for the first picture and sound.',
  'no-audio': 'The source sends no sound, so nothing can be located.',
  'no-video': 'The source sends no picture.',
  'no-media': 'Connected; waiting for picture and sound.',
  'source-refused': 'The source refused the connection.',
  'source-lost': 'The connection to the source broke.',
  'publisher-left': 'The webcam hung up.',
  'end-of-file': 'The recording is over.',
  disabled: 'Switched off.',
};

/** One sentence about why the stream is not simply live; null when there is nothing to say. */
export function stateSentence(info: StreamInfo): string | null {
  if (info.detail !== null) return info.detail;
  if (info.reason !== null) return REASONS[info.reason] ?? `Reason: ${info.reason.replaceAll('-', ' ')}.`;
  return null;
}

const ALIGNMENTS: Record<Alignment, Words & { explanation: string }> = {
  aligned: { label: 'In sync', tone: 'good', explanation: 'Picture and sound are on one clock.' },
  unaligned: {
    label: 'Sync approximate',
    tone: 'wait',
    explanation: 'Picture and sound are matched by arrival time until the source reports its clocks.',
  },
  late: {
    label: 'Sound late',
    tone: 'wait',
    explanation: 'The sound of this frame came too late, so nothing was computed from it.',
  },
  'no-audio': { label: 'No sound', tone: 'bad', explanation: 'The source sends no sound.' },
};

export function alignmentWords(alignment: Alignment): Words & { explanation: string } {
  return ALIGNMENTS[alignment];
}

export interface StageWords {
  key: keyof StageTimes;
  label: string;
  explanation: string;
}

/** The stages in the order a frame passes them. */
export const STAGES: readonly StageWords[] = [
  { key: 'decodeUs', label: 'Decode', explanation: 'From the packet to the picture' },
  { key: 'alignUs', label: 'Align', explanation: 'Waiting for the sound that belongs to the picture' },
  { key: 'queueUs', label: 'Queue', explanation: 'Waiting for a place in the model' },
  { key: 'inferenceUs', label: 'Model', explanation: 'The network itself' },
  { key: 'heatUs', label: 'Heat', explanation: 'From similarity to heat' },
];

const DROPS: Record<string, string> = {
  superseded: 'replaced by a newer frame',
  'rate-cap': 'above the rate limit',
  behind: 'skipped, the server was behind',
  late: 'without their sound in time',
  'pipe-full': 'not taken, the server was busy',
  'out-of-order': 'out of order',
  'inference-failed': 'model failed',
  'decode-error': 'damaged',
  'packet-lost': 'lost on the network',
  'slow-subscriber': 'not sent, since this page was busy',
};

/** e.g. `replaced by a newer frame`; an unknown reason is shown as the server names it. */
export function dropWords(reason: string): string {
  return DROPS[reason] ?? reason.replaceAll('-', ' ');
}

/** Frames left out on purpose are no fault and do not count as dropped. */
export const DELIBERATE_DROPS: ReadonlySet<string> = new Set(['rate-cap']);
