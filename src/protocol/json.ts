/**
 * The JSON form: every message of the `.json` subprotocol, and all but heatmaps of the binary one.
 * Decoding is strict about what it knows and ignores what it does not (docs/protocol.md, V2 and V3).
 */

import { base64ToBytes, bytesToBase64 } from './base64.ts';
import { ALIGNMENTS } from './binary-layout.ts';
import {
  asArray,
  asBoolean,
  asFields,
  asFraction,
  asInteger,
  asNullable,
  asNumber,
  asOneOf,
  asStreamId,
  asString,
  type Fields,
} from './check.ts';
import {
  type ClassHeat,
  type ClassInfo,
  type HeatmapMessage,
  type HelloMessage,
  type ServerMessage,
  STREAM_STATES,
  type StreamInfo,
} from './messages.ts';
import { ProtocolError } from './protocol-error.ts';
import { wireStages } from './stages.ts';

/** The message as one JSON text; heat and preview become base64. */
export function encodeJson(message: ServerMessage): string {
  if (message.type !== 'heatmap') return JSON.stringify(message);
  return JSON.stringify({
    ...message,
    stages: wireStages(message.stages),
    classes: message.classes.map((one) => ({ ...one, heat: one.heat && bytesToBase64(one.heat) })),
    preview: message.preview && bytesToBase64(message.preview),
  });
}

/**
 * Reads one JSON text.
 * @returns the message with known fields only, or null for a message type this version does not know.
 * @throws ProtocolError naming the first field that breaks the protocol.
 */
export function decodeJson(text: string): ServerMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ProtocolError('', 'is not JSON');
  }
  const fields = asFields(value, '');
  switch (asString(fields['type'], 'type')) {
    case 'hello':
      return readHello(fields);
    case 'heatmap':
      return readHeatmap(fields);
    case 'status':
      return { type: 'status', stream: readStreamInfo(fields['stream'], 'stream') };
    case 'removed':
      return { type: 'removed', stream: asStreamId(fields['stream'], 'stream') };
    case 'dropped':
      return {
        type: 'dropped',
        stream: asStreamId(fields['stream'], 'stream'),
        reason: asOneOf(fields['reason'], 'reason', ['slow-subscriber', 'slow-preview']),
        count: asInteger(fields['count'], 'count', 1),
      };
    case 'error':
      return {
        type: 'error',
        code: asString(fields['code'], 'code'),
        message: asString(fields['message'], 'message'),
      };
    case 'alive':
      return { type: 'alive', serverWallMs: asNumber(fields['serverWallMs'], 'serverWallMs') };
    default:
      return null;
  }
}

function readHello(fields: Fields): HelloMessage {
  const server = asFields(fields['server'], 'server');
  const model = asFields(fields['model'], 'model');
  const limits = asFields(fields['limits'], 'limits');
  return {
    type: 'hello',
    protocol: asInteger(fields['protocol'], 'protocol', 1),
    server: {
      name: asString(server['name'], 'server.name'),
      version: asString(server['version'], 'server.version'),
    },
    model: {
      name: asString(model['name'], 'model.name'),
      classes: asArray(model['classes'], 'model.classes').map((one, i) =>
        readClassInfo(one, `model.classes[${i}]`, i),
      ),
      grid: readGrid(model['grid'], 'model.grid'),
    },
    streams: asArray(fields['streams'], 'streams').map((one, i) => readStreamInfo(one, `streams[${i}]`)),
    limits: {
      maxMessageBytes: asInteger(limits['maxMessageBytes'], 'limits.maxMessageBytes', 1),
      maxStreams: asInteger(limits['maxStreams'], 'limits.maxStreams', 1),
      maxRateHz: asNumber(limits['maxRateHz'], 'limits.maxRateHz', 0),
      maxQueuedBytes: asInteger(limits['maxQueuedBytes'], 'limits.maxQueuedBytes', 1),
      aliveIntervalMs: asNumber(limits['aliveIntervalMs'], 'limits.aliveIntervalMs', 1),
    },
  };
}

function readClassInfo(value: unknown, field: string, place: number): ClassInfo {
  const fields = asFields(value, field);
  const colour = asString(fields['colour'], `${field}.colour`);
  if (!/^#[0-9a-f]{6}$/i.test(colour)) throw new ProtocolError(`${field}.colour`, 'must be #rrggbb');
  return {
    index: asInteger(fields['index'], `${field}.index`, place, place),
    name: asString(fields['name'], `${field}.name`),
    colour,
  };
}

function readStreamInfo(value: unknown, field: string): StreamInfo {
  const fields = asFields(value, field);
  const tracks = asFields(fields['tracks'], `${field}.tracks`);
  return {
    id: asStreamId(fields['id'], `${field}.id`),
    name: asString(fields['name'], `${field}.name`),
    kind: asOneOf(fields['kind'], `${field}.kind`, ['demo', 'url', 'webcam']),
    state: asOneOf(fields['state'], `${field}.state`, STREAM_STATES),
    reason: asNullable(fields['reason'], `${field}.reason`, asString),
    detail: asNullable(fields['detail'], `${field}.detail`, asString),
    sinceWallMs: asNumber(fields['sinceWallMs'], `${field}.sinceWallMs`),
    tracks: {
      video: asBoolean(tracks['video'], `${field}.tracks.video`),
      audio: asBoolean(tracks['audio'], `${field}.tracks.audio`),
    },
    picture: asNullable(fields['picture'], `${field}.picture`, readPicture),
  };
}

function readHeatmap(fields: Fields): HeatmapMessage {
  const grid = readGrid(fields['grid'], 'grid');
  const stages = asFields(fields['stages'], 'stages');
  const stage = (name: string): number => asInteger(stages[name], `stages.${name}`, 0, 0xffff_ffff);
  let previousIndex = -1;
  return {
    type: 'heatmap',
    stream: asStreamId(fields['stream'], 'stream'),
    sequence: asInteger(fields['sequence'], 'sequence', 0),
    ptsUs: asInteger(fields['ptsUs'], 'ptsUs'),
    captureWallMs: asNumber(fields['captureWallMs'], 'captureWallMs'),
    sendWallMs: asNumber(fields['sendWallMs'], 'sendWallMs'),
    alignment: asOneOf(fields['alignment'], 'alignment', ALIGNMENTS),
    skewUs: asNullable(fields['skewUs'], 'skewUs', (value, field) => asInteger(value, field)),
    audioWindow: asNullable(fields['audioWindow'], 'audioWindow', readAudioWindow),
    picture: readPicture(fields['picture'], 'picture'),
    grid,
    stages: {
      decodeUs: stage('decodeUs'),
      alignUs: stage('alignUs'),
      queueUs: stage('queueUs'),
      inferenceUs: stage('inferenceUs'),
      heatUs: stage('heatUs'),
    },
    classes: asArray(fields['classes'], 'classes').map((one, i) => {
      const heat = readClassHeat(one, `classes[${i}]`, grid.rows * grid.cols, previousIndex + 1);
      previousIndex = heat.index;
      return heat;
    }),
    preview: asNullable(fields['preview'], 'preview', base64ToBytes),
  };
}

function readClassHeat(value: unknown, field: string, cells: number, lowestIndex: number): ClassHeat {
  const fields = asFields(value, field);
  const heat = asNullable(fields['heat'], `${field}.heat`, base64ToBytes);
  if (heat !== null && heat.length !== cells) {
    throw new ProtocolError(`${field}.heat`, `must hold ${cells} bytes, rows times cols`);
  }
  return {
    index: asInteger(fields['index'], `${field}.index`, lowestIndex, 0xffff),
    heard: asFraction(fields['heard'], `${field}.heard`),
    seen: asFraction(fields['seen'], `${field}.seen`),
    active: asBoolean(fields['active'], `${field}.active`),
    heat,
    peak: asNullable(fields['peak'], `${field}.peak`, readPeak),
    box: asNullable(fields['box'], `${field}.box`, readBox),
  };
}

function readPeak(value: unknown, field: string): NonNullable<ClassHeat['peak']> {
  const fields = asFields(value, field);
  return {
    x: asFraction(fields['x'], `${field}.x`),
    y: asFraction(fields['y'], `${field}.y`),
    value: asFraction(fields['value'], `${field}.value`),
  };
}

function readBox(value: unknown, field: string): NonNullable<ClassHeat['box']> {
  const fields = asFields(value, field);
  const x0 = asFraction(fields['x0'], `${field}.x0`);
  const y0 = asFraction(fields['y0'], `${field}.y0`);
  return {
    x0,
    y0,
    x1: asNumber(fields['x1'], `${field}.x1`, x0, 1),
    y1: asNumber(fields['y1'], `${field}.y1`, y0, 1),
  };
}

function readAudioWindow(value: unknown, field: string): { startUs: number; endUs: number } {
  const fields = asFields(value, field);
  const startUs = asInteger(fields['startUs'], `${field}.startUs`);
  return { startUs, endUs: asInteger(fields['endUs'], `${field}.endUs`, startUs) };
}

function readPicture(value: unknown, field: string): { width: number; height: number } {
  const fields = asFields(value, field);
  return {
    width: asInteger(fields['width'], `${field}.width`, 1, 0xffff),
    height: asInteger(fields['height'], `${field}.height`, 1, 0xffff),
  };
}

function readGrid(value: unknown, field: string): { rows: number; cols: number } {
  const fields = asFields(value, field);
  return {
    rows: asInteger(fields['rows'], `${field}.rows`, 1, 0xffff),
    cols: asInteger(fields['cols'], `${field}.cols`, 1, 0xffff),
  };
}
