/**
 * The binary form of heatmap messages (docs/protocol.md, section "Binary heatmaps"): one header, one record per
 * class, then the heat maps, the stream's id and the picture, end to end. All other messages are JSON text.
 */

import {
  ALIGNMENTS,
  CLASS_ACTIVE,
  CLASS_BOX,
  CLASS_HEAT,
  CLASS_PEAK,
  FLAG_AUDIO_WINDOW,
  FLAG_PREVIEW,
  FLAG_SKEW,
  HEADER,
  HEADER_BYTES,
  MAGIC,
  RECORD,
  RECORD_BYTES,
  TYPE_HEATMAP,
} from './binary-layout.ts';
import { asFraction, asInteger, asNumber, asStreamId } from './check.ts';
import { type ClassHeat, type HeatmapMessage, PROTOCOL_VERSION } from './messages.ts';
import { ProtocolError } from './protocol-error.ts';
import { wireStages } from './stages.ts';

const TWO_POW_32 = 2 ** 32;

/** The message in bytes of its own. Fractions keep float32 precision; all else is exact. */
export function encodeBinary(message: HeatmapMessage): Uint8Array<ArrayBuffer> {
  const { classes, grid, picture, audioWindow, preview } = message;
  const cells = grid.rows * grid.cols;
  const heatCount = classes.reduce((count, one) => count + (one.heat === null ? 0 : 1), 0);
  const previewBytes = preview?.length ?? 0;
  const streamAt = HEADER_BYTES + classes.length * RECORD_BYTES + heatCount * cells;
  const bytes = new Uint8Array(streamAt + message.stream.length + previewBytes);
  const view = new DataView(bytes.buffer);

  bytes.set(MAGIC, HEADER.magic);
  view.setUint8(HEADER.version, PROTOCOL_VERSION);
  view.setUint8(HEADER.type, TYPE_HEATMAP);
  view.setUint16(HEADER.headerBytes, HEADER_BYTES, true);
  setInt64(view, HEADER.sequence, message.sequence);
  setInt64(view, HEADER.ptsUs, message.ptsUs);
  view.setFloat64(HEADER.captureWallMs, message.captureWallMs, true);
  view.setFloat64(HEADER.sendWallMs, message.sendWallMs, true);
  setInt64(view, HEADER.audioStartUs, audioWindow?.startUs ?? 0);
  setInt64(view, HEADER.audioEndUs, audioWindow?.endUs ?? 0);
  setInt64(view, HEADER.skewUs, message.skewUs ?? 0);
  const stages = wireStages(message.stages);
  view.setUint32(HEADER.decodeUs, stages.decodeUs, true);
  view.setUint32(HEADER.alignUs, stages.alignUs, true);
  view.setUint32(HEADER.queueUs, stages.queueUs, true);
  view.setUint32(HEADER.inferenceUs, stages.inferenceUs, true);
  view.setUint32(HEADER.heatUs, stages.heatUs, true);
  view.setUint16(HEADER.pictureWidth, picture.width, true);
  view.setUint16(HEADER.pictureHeight, picture.height, true);
  view.setUint16(HEADER.gridRows, grid.rows, true);
  view.setUint16(HEADER.gridCols, grid.cols, true);
  view.setUint16(HEADER.classCount, classes.length, true);
  view.setUint16(HEADER.classRecordBytes, RECORD_BYTES, true);
  view.setUint8(HEADER.alignment, ALIGNMENTS.indexOf(message.alignment));
  view.setUint8(
    HEADER.flags,
    (message.skewUs === null ? 0 : FLAG_SKEW) |
      (audioWindow === null ? 0 : FLAG_AUDIO_WINDOW) |
      (preview === null ? 0 : FLAG_PREVIEW),
  );
  view.setUint16(HEADER.streamBytes, message.stream.length, true);
  view.setUint32(HEADER.previewBytes, previewBytes, true);

  let heatAt = HEADER_BYTES + classes.length * RECORD_BYTES;
  for (let i = 0; i < classes.length; i++) {
    const one = classes[i]!;
    writeRecord(view, HEADER_BYTES + i * RECORD_BYTES, one);
    if (one.heat === null) continue;
    bytes.set(one.heat.length === cells ? one.heat : wrongHeat(one, cells), heatAt);
    heatAt += cells;
  }
  // Stream identifiers are ASCII by definition: one byte a character.
  for (let i = 0; i < message.stream.length; i++) bytes[streamAt + i] = message.stream.charCodeAt(i);
  if (preview !== null) bytes.set(preview, streamAt + message.stream.length);
  return bytes;
}

function wrongHeat(one: ClassHeat, cells: number): never {
  throw new ProtocolError(`classes.heat of class ${one.index}`, `must hold ${cells} bytes, rows times cols`);
}

function writeRecord(view: DataView, at: number, one: ClassHeat): void {
  const { heat, peak, box } = one;
  view.setUint16(at + RECORD.index, one.index, true);
  view.setUint8(
    at + RECORD.flags,
    (one.active ? CLASS_ACTIVE : 0) |
      (heat === null ? 0 : CLASS_HEAT) |
      (peak === null ? 0 : CLASS_PEAK) |
      (box === null ? 0 : CLASS_BOX),
  );
  view.setFloat32(at + RECORD.heard, one.heard, true);
  view.setFloat32(at + RECORD.seen, one.seen, true);
  if (peak !== null) {
    view.setFloat32(at + RECORD.peakX, peak.x, true);
    view.setFloat32(at + RECORD.peakY, peak.y, true);
    view.setFloat32(at + RECORD.peakValue, peak.value, true);
  }
  if (box !== null) {
    view.setFloat32(at + RECORD.boxX0, box.x0, true);
    view.setFloat32(at + RECORD.boxY0, box.y0, true);
    view.setFloat32(at + RECORD.boxX1, box.x1, true);
    view.setFloat32(at + RECORD.boxY1, box.y1, true);
  }
}

/**
 * Reads one binary message. Never reads past `data`; allocates no more than a small object per class.
 * @returns the message, whose `heat` and `preview` arrays are views of `data` (copy them to keep them beyond it),
 *   or null for a message type this version does not know.
 * @throws ProtocolError naming the first field that breaks the protocol.
 */
export function decodeBinary(data: ArrayBuffer | Uint8Array): HeatmapMessage | null {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER.sequence) throw new ProtocolError('', 'is shorter than its preamble');
  if (MAGIC.some((byte, i) => bytes[HEADER.magic + i] !== byte))
    throw new ProtocolError('magic', 'must be ESHM');
  asInteger(view.getUint8(HEADER.version), 'version', PROTOCOL_VERSION, PROTOCOL_VERSION);
  if (view.getUint8(HEADER.type) !== TYPE_HEATMAP) return null;

  const u16 = (offset: number): number => view.getUint16(offset, true);
  const u32 = (offset: number): number => view.getUint32(offset, true);
  const headerBytes = asInteger(u16(HEADER.headerBytes), 'headerBytes', HEADER_BYTES, bytes.length);
  const recordBytes = asInteger(u16(HEADER.classRecordBytes), 'classRecordBytes', RECORD_BYTES);
  const grid = {
    rows: asInteger(u16(HEADER.gridRows), 'grid.rows', 1),
    cols: asInteger(u16(HEADER.gridCols), 'grid.cols', 1),
  };
  const section = sections(bytes, headerBytes);
  const classCount = u16(HEADER.classCount);
  const records = section(classCount * recordBytes, 'classes');
  const classes = readRecords(records, classCount, recordBytes, (field) =>
    section(grid.rows * grid.cols, field),
  );
  const stream = asStreamId(String.fromCharCode(...streamBytes(section, u16(HEADER.streamBytes))), 'stream');
  const flags = view.getUint8(HEADER.flags);
  const preview = section(u32(HEADER.previewBytes), 'preview');
  const alignment = ALIGNMENTS[view.getUint8(HEADER.alignment)];
  if (alignment === undefined) throw new ProtocolError('alignment', 'must be 0 to 3');
  return {
    type: 'heatmap',
    stream,
    sequence: asInteger(getInt64(view, HEADER.sequence), 'sequence', 0),
    ptsUs: asInteger(getInt64(view, HEADER.ptsUs), 'ptsUs'),
    captureWallMs: asNumber(view.getFloat64(HEADER.captureWallMs, true), 'captureWallMs'),
    sendWallMs: asNumber(view.getFloat64(HEADER.sendWallMs, true), 'sendWallMs'),
    alignment,
    skewUs: (flags & FLAG_SKEW) === 0 ? null : asInteger(getInt64(view, HEADER.skewUs), 'skewUs'),
    audioWindow: (flags & FLAG_AUDIO_WINDOW) === 0 ? null : readAudioWindow(view),
    picture: {
      width: asInteger(u16(HEADER.pictureWidth), 'picture.width', 1),
      height: asInteger(u16(HEADER.pictureHeight), 'picture.height', 1),
    },
    grid,
    stages: {
      decodeUs: u32(HEADER.decodeUs),
      alignUs: u32(HEADER.alignUs),
      queueUs: u32(HEADER.queueUs),
      inferenceUs: u32(HEADER.inferenceUs),
      heatUs: u32(HEADER.heatUs),
    },
    classes,
    preview: (flags & FLAG_PREVIEW) === 0 ? null : preview,
  };
}

/** Takes the next `length` bytes as a view; refuses to go past the end. */
type TakeSection = (length: number, field: string) => Uint8Array;

function sections(bytes: Uint8Array, start: number): TakeSection {
  let at = start;
  return (length, field) => {
    if (length > bytes.length - at) throw new ProtocolError(field, 'runs past the end of the message');
    at += length;
    return bytes.subarray(at - length, at);
  };
}

function streamBytes(section: TakeSection, length: number): Uint8Array {
  return section(asInteger(length, 'streamBytes', 1, 63), 'stream');
}

function readRecords(
  records: Uint8Array,
  count: number,
  recordBytes: number,
  takeHeat: (field: string) => Uint8Array,
): ClassHeat[] {
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  const classes: ClassHeat[] = [];
  let lowestIndex = 0;
  for (let i = 0; i < count; i++) {
    const at = i * recordBytes;
    const field = `classes[${i}]`;
    const fraction = (offset: number, name: string): number =>
      asFraction(view.getFloat32(at + offset, true), `${field}.${name}`);
    const flags = view.getUint8(at + RECORD.flags);
    const index = asInteger(view.getUint16(at + RECORD.index, true), `${field}.index`, lowestIndex);
    lowestIndex = index + 1;
    classes.push({
      index,
      heard: fraction(RECORD.heard, 'heard'),
      seen: fraction(RECORD.seen, 'seen'),
      active: (flags & CLASS_ACTIVE) !== 0,
      heat: (flags & CLASS_HEAT) === 0 ? null : takeHeat(`${field}.heat`),
      peak: (flags & CLASS_PEAK) === 0 ? null : readPeak(fraction),
      box: (flags & CLASS_BOX) === 0 ? null : readBox(fraction, field),
    });
  }
  return classes;
}

type ReadFraction = (offset: number, name: string) => number;

function readPeak(fraction: ReadFraction): NonNullable<ClassHeat['peak']> {
  return {
    x: fraction(RECORD.peakX, 'peak.x'),
    y: fraction(RECORD.peakY, 'peak.y'),
    value: fraction(RECORD.peakValue, 'peak.value'),
  };
}

function readBox(fraction: ReadFraction, field: string): NonNullable<ClassHeat['box']> {
  const x0 = fraction(RECORD.boxX0, 'box.x0');
  const y0 = fraction(RECORD.boxY0, 'box.y0');
  const x1 = asNumber(fraction(RECORD.boxX1, 'box.x1'), `${field}.box.x1`, x0);
  const y1 = asNumber(fraction(RECORD.boxY1, 'box.y1'), `${field}.box.y1`, y0);
  return { x0, y0, x1, y1 };
}

function readAudioWindow(view: DataView): { startUs: number; endUs: number } {
  const startUs = asInteger(getInt64(view, HEADER.audioStartUs), 'audioWindow.startUs');
  return { startUs, endUs: asInteger(getInt64(view, HEADER.audioEndUs), 'audioWindow.endUs', startUs) };
}

/** A safe integer as two's complement; halves instead of a BigInt, which would be garbage per message. */
function setInt64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setInt32(at + 4, Math.floor(value / TWO_POW_32), true);
}

/** What passes 2^53 comes out unsafe, and {@link asInteger} refuses it. */
function getInt64(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) * TWO_POW_32 + view.getUint32(at, true);
}
