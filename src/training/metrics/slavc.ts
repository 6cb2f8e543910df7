/** Localization with negatives: a model may also say that nothing sounds here (Mo and Morgado 2022, SLAVC). */

import { selectRank } from './select.ts';

/** One example. */
export interface Judged {
  /** Whether an object that sounds is in the picture. */
  visible: boolean;
  /** cIoU of its map; anything for a negative. */
  ciou: number;
  /** How sure the model is that something sounds in the picture. */
  confidence: number;
}

/** A detection lies in the right place from this cIoU. */
const RIGHT_PLACE = 0.5;
/** The network's scale in SLAVC: maps are similarities over this temperature. */
export const SLAVC_TEMPERATURE = 0.03;

/** Mean of a map's largest quarter: how sure SLAVC takes a model to be, of a map in a fixed range. */
export function largestQuarter(map: Float32Array): number {
  const values = Float32Array.from(map);
  const from = values.length - Math.floor(values.length / 4);
  // What comes after the selected element is at least as large.
  selectRank(values, from);
  let total = 0;
  for (let i = from; i < values.length; i++) total += values[i]!;
  return total / (values.length - from);
}

/**
 * Confidence of a similarity map: its largest quarter after the fixed range -1/tau..1/tau became 0..1.
 * @param similarity cosine over `temperature`
 */
export function slavcConfidence(similarity: Float32Array, temperature = SLAVC_TEMPERATURE): number {
  return (largestQuarter(similarity) * temperature + 1) / 2;
}

/** A detection in the wrong place is a false positive, and not also a miss. Without detections precision is 1. */
function precisionRecall(examples: readonly Judged[], threshold: number): [number, number] {
  let truePositives = 0;
  let falsePositives = 0;
  let misses = 0;
  for (const { visible, ciou, confidence } of examples) {
    if (confidence < threshold) {
      if (visible) misses++;
    } else if (visible && ciou >= RIGHT_PLACE) truePositives++;
    else falsePositives++;
  }
  const detections = truePositives + falsePositives;
  const wanted = truePositives + misses;
  return [detections === 0 ? 1 : truePositives / detections, wanted === 0 ? 1 : truePositives / wanted];
}

function sortedConfidences(examples: readonly Judged[]): number[] {
  return examples.map(({ confidence }) => confidence).sort((a, b) => a - b);
}

/**
 * AP as published: thresholds are the sorted confidences without the largest, descending, at most about 200 of them;
 * precision is replaced by the best that follows; the area begins at the first recall that is reached, not at 0.
 */
export function slavcAveragePrecision(examples: readonly Judged[]): number {
  const sorted = sortedConfidences(examples).slice(0, -1).reverse();
  const step = Math.max(1, Math.floor(examples.length / 200));
  const points = sorted
    .filter((_, index) => index % step === 0)
    .map((threshold) => precisionRecall(examples, threshold));
  let best = 0;
  const envelope = points.map(([precision]) => precision);
  for (let i = envelope.length - 1; i >= 0; i--) envelope[i] = best = Math.max(best, envelope[i]!);
  let area = 0;
  for (let i = 0; i + 1 < points.length; i++) area += envelope[i]! * (points[i + 1]![1] - points[i]![1]);
  return area;
}

/** Best F1 over about ten thresholds, every tenth of the sorted confidences. */
export function slavcMaxF1(examples: readonly Judged[]): number {
  const step = Math.max(1, Math.floor(examples.length / 10));
  let best = 0;
  for (const threshold of sortedConfidences(examples).filter((_, index) => index % step === 0)) {
    const [precision, recall] = precisionRecall(examples, threshold);
    if (precision + recall > 0) best = Math.max(best, (2 * precision * recall) / (precision + recall));
  }
  return best;
}

/** Share of the visible that are in the right place, however sure the model is. Not-a-number for none. */
export function slavcLocAcc(examples: readonly Judged[]): number {
  const visible = examples.filter((example) => example.visible);
  return visible.filter(({ ciou }) => ciou >= RIGHT_PLACE).length / visible.length;
}

/** Size groups of SLAVC's tables, by the truth's pixels of 224 x 224. */
export function slavcSize(truthPixels: number): 'small' | 'medium' | 'large' | 'huge' {
  if (truthPixels < 32 ** 2) return 'small';
  if (truthPixels < 96 ** 2) return 'medium';
  return truthPixels < 144 ** 2 ? 'large' : 'huge';
}
