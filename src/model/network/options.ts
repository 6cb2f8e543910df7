/** What defines a network: its size, and the choices where the paper and its two releases differ. */

/**
 * Sources of variants (Qian et al. 2020): `paper`, the text; `original`, the code of the experiments; `simplified`,
 * the authors' later `new/` code, which they recommend and which is the default here.
 */
export interface NetworkOptions {
  /** Number of classes, the same for both branches. */
  classes: number;
  /** Residual network on both sides. 18: two blocks a stage, as in all sources; 10: one. */
  depth: 10 | 18;
  /** Channels of the first stage: 64 is the full network, 32 half of it; the last stage has eight times as many. */
  width: number;
  /**
   * From class maps to one number a class. `average` (all sources): the logit is the mean of the class map, so that
   * Grad-CAM equals the map in closed form. `log-sum-exp` (Pinheiro & Collobert 2015): a smooth maximum, with which
   * a small object counts as much as a large one; for networks whose maps are taught cell by cell. The class
   * activation map then is each cell's own probability.
   */
  visualPooling: 'average' | 'log-sum-exp';
  /** Subtracted from class activation maps before they are clipped: 0 (`simplified`, `paper`) or 0.1 (`original`). */
  camFloor: number;
  /**
   * Projection of class features (eq. 6) to `projection.size` numbers. `simplified`: two linear maps without bias,
   * then unit length. `original`: with bias, and nothing after.
   */
  projection: { form: 'simplified' | 'original'; hidden: number; size: number };
  /**
   * Eq. 8. `cosine` of the projections (`simplified`), in -1..1; or `distance`: `1 - D / 2` of the unit-length
   * projections' Euclidean distance D, in 0..1 (`paper`; the sign turned, so that near is high).
   */
  similarity: 'cosine' | 'distance';
  /**
   * Damping of the picture's side of the cosine: its projection v counts as v / sqrt(|v|^2 + damping^2), so that
   * weak features of plain background have no direction. 0, as in all sources: none.
   */
  damping: number;
}

/** The simplified network for `classes` classes, half as wide as published. */
export function defaultNetwork(classes: number): NetworkOptions {
  return {
    classes,
    depth: 18,
    width: 32,
    visualPooling: 'average',
    camFloor: 0,
    projection: { form: 'simplified', hidden: 512, size: 128 },
    similarity: 'cosine',
    damping: 0,
  };
}

/** Pixels of the picture, and columns and bands of the log-mel, that one cell of the last feature map stands for. */
export const OUTPUT_STRIDE = 16;

/** Rows and columns of the maps for a picture of this size; a started stride counts. */
export function gridOf(frame: { width: number; height: number }): { rows: number; cols: number } {
  return { rows: Math.ceil(frame.height / OUTPUT_STRIDE), cols: Math.ceil(frame.width / OUTPUT_STRIDE) };
}

/** Channels of the last feature map of either branch. */
export const featureCount = (options: NetworkOptions): number => options.width * 8;
