/** What the network learns from: one second of sound, the picture at its end, and what is true of them. */

/** The sizes that a batch has; all follow from the network. */
export interface SampleShape {
  /** Class names, in the order of the network's outputs. */
  classes: readonly string[];
  frame: { width: number; height: number };
  logmel: { columns: number; mels: number };
  /** Cells of the class maps; row u is y, column v is x. */
  grid: { rows: number; cols: number };
}

/**
 * A batch of examples, allocated once and written over and over by its owner. All arrays are dense, one example
 * after the other. `C`, `U`, `V` are the shape's classes, rows and columns.
 */
export interface SampleBatch {
  size: number;
  /** `[B, H, W, 3]` RGB 0..255, as the served model takes them. */
  frames: Uint8Array<ArrayBuffer>;
  /** `[B, T, M]` natural-log mel power, as the served model takes it. */
  logmel: Float32Array<ArrayBuffer>;
  /** `[B, C]` 0..1: the class sounds in the window, in the picture or off screen. */
  heard: Float32Array<ArrayBuffer>;
  /** `[B, C]` 0..1: the class is in the picture, silent or sounding. */
  seen: Float32Array<ArrayBuffer>;
  /** `[B, C, U, V]` share of a cell that objects of the class cover, 0..1; zeros where not known. */
  coverage: Float32Array<ArrayBuffer>;
  /** `[B]` 1 where `coverage` is true, 0 where only `heard` and `seen` are known (most published data sets). */
  located: Float32Array<ArrayBuffer>;
}

/**
 * A box of one object of one class in one example, for evaluation. Shares of the picture, 0..1, corners.
 * `sounding` is false for a silent object.
 */
export interface TruthBox {
  /** -1 where the data set does not say which of the classes it is, or it is none of them. */
  classIndex: number;
  sounding: boolean;
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/**
 * A mask of one class in one example, where the truth is finer than boxes: `data[y * width + x]` is 1 inside, 0
 * outside, over the whole picture. Belongs to the reader of the truth.
 */
export interface TruthMask {
  /** As `TruthBox.classIndex`. */
  classIndex: number;
  sounding: boolean;
  width: number;
  height: number;
  data: Uint8Array<ArrayBuffer>;
}

/** What is true of one example beside what the batch holds; only evaluation and pictures ask for it. */
export interface SampleTruth {
  boxes: TruthBox[];
  /** Masks, where the data set has them. An object has a box or a mask. */
  masks?: TruthMask[];
  /** Classes that sound without being in the picture. */
  offScreen: number[];
  /** For tables and previews: `photo`, `drawn`, `dataset`, with what was put in. */
  note: string;
  /** The same for the examples that show one scene (the sources of a duet, one picture with other sounds). */
  group?: string;
}

/**
 * Examples by number: the same source, number and shape give the same bytes, on any machine and in any order, so
 * that a run can be repeated and taken up again. Implementers: composed scenes, data sets on disk.
 */
export interface SampleSource {
  readonly shape: SampleShape;
  /** Number of examples, or null where they never end. */
  readonly length: number | null;
  /** Fills place `slot` of `batch` with example `index`. Synchronous: what it needs was decoded when it was opened. */
  write(index: number, batch: SampleBatch, slot: number): SampleTruth;
  close(): Promise<void>;
}

/** Zeroed arrays for `size` examples. */
export function createBatch(shape: SampleShape, size: number): SampleBatch {
  const { classes, frame, logmel, grid } = shape;
  const count = classes.length;
  return {
    size,
    frames: new Uint8Array(size * frame.height * frame.width * 3),
    logmel: new Float32Array(size * logmel.columns * logmel.mels),
    heard: new Float32Array(size * count),
    seen: new Float32Array(size * count),
    coverage: new Float32Array(size * count * grid.rows * grid.cols),
    located: new Float32Array(size),
  };
}
