/** Where each field of a binary heatmap lies: docs/protocol.md section "Binary heatmaps", in code. Little-endian. */

/** `ESHM`, the first four bytes. */
export const MAGIC = [0x45, 0x53, 0x48, 0x4d] as const;
export const TYPE_HEATMAP = 1;

/** Byte offsets from the start of the message; the type is in the comment. */
export const HEADER = {
  magic: 0, // u8[4]
  version: 4, // u8
  type: 5, // u8
  headerBytes: 6, // u16
  sequence: 8, // u64
  ptsUs: 16, // i64
  captureWallMs: 24, // f64
  sendWallMs: 32, // f64
  audioStartUs: 40, // i64
  audioEndUs: 48, // i64
  skewUs: 56, // i64
  decodeUs: 64, // u32
  alignUs: 68, // u32
  queueUs: 72, // u32
  inferenceUs: 76, // u32
  heatUs: 80, // u32
  pictureWidth: 84, // u16
  pictureHeight: 86, // u16
  gridRows: 88, // u16
  gridCols: 90, // u16
  classCount: 92, // u16
  classRecordBytes: 94, // u16
  alignment: 96, // u8
  flags: 97, // u8
  streamBytes: 98, // u16
  previewBytes: 100, // u32
} as const;
/** Shortest header; a later minor version may append fields, which older readers skip. */
export const HEADER_BYTES = 104;

export const FLAG_SKEW = 1;
export const FLAG_AUDIO_WINDOW = 2;
export const FLAG_PREVIEW = 4;

/** Byte offsets from the start of one class record. */
export const RECORD = {
  index: 0, // u16
  flags: 2, // u8; byte 3 is zero
  heard: 4, // f32
  seen: 8, // f32
  peakX: 12, // f32
  peakY: 16, // f32
  peakValue: 20, // f32
  boxX0: 24, // f32
  boxY0: 28, // f32
  boxX1: 32, // f32
  boxY1: 36, // f32
} as const;
/** Shortest record; may grow as the header may. */
export const RECORD_BYTES = 40;

export const CLASS_ACTIVE = 1;
export const CLASS_HEAT = 2;
export const CLASS_PEAK = 4;
export const CLASS_BOX = 8;

/** `alignment` on the wire is the place in this list. */
export const ALIGNMENTS = ['aligned', 'unaligned', 'late', 'no-audio'] as const;
