/** Logistic regression with a few weights, by Newton's method; deterministic. */

/** What is fitted: `rows` times `features.length` numbers, each feature in an array of its own. */
export interface LogisticData {
  features: readonly Float64Array[];
  /** 0..1 of each row; between them where the truth is soft. */
  target: Float64Array;
  /** How much each row counts; all the same unless told. */
  weight?: Float64Array;
}

const ITERATIONS = 50;
const CONVERGED = 1e-8;

/**
 * The weights, as many as features, that make `target` likeliest, pulled towards `prior` by `ridge` times the squared
 * distance (in units of one row). A constant feature of ones makes the intercept.
 */
export function fitLogistic(data: LogisticData, prior: readonly number[], ridge: number): number[] {
  const count = data.features.length;
  const weights = [...prior];
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const { gradient, hessian } = curvature(data, weights);
    for (let i = 0; i < count; i++) {
      gradient[i]! += ridge * (weights[i]! - prior[i]!);
      hessian[i * count + i]! += ridge;
    }
    const step = solve(hessian, gradient, count);
    // Newton's step may overshoot where the data are nearly separable.
    const length = Math.max(...step.map(Math.abs));
    const damping = length > 4 ? 4 / length : 1;
    for (let i = 0; i < count; i++) weights[i]! -= damping * step[i]!;
    if (length < CONVERGED) break;
  }
  return weights;
}

function curvature(
  { features, target, weight }: LogisticData,
  weights: readonly number[],
): { gradient: Float64Array; hessian: Float64Array } {
  const count = features.length;
  const gradient = new Float64Array(count);
  const hessian = new Float64Array(count * count);
  for (let row = 0; row < target.length; row++) {
    let z = 0;
    for (let i = 0; i < count; i++) z += weights[i]! * features[i]![row]!;
    const p = 1 / (1 + Math.exp(-z));
    const counted = weight === undefined ? 1 : weight[row]!;
    const error = counted * (p - target[row]!);
    const spread = counted * p * (1 - p);
    for (let i = 0; i < count; i++) {
      const x = features[i]![row]!;
      gradient[i]! += error * x;
      for (let j = 0; j <= i; j++) hessian[i * count + j]! += spread * x * features[j]![row]!;
    }
  }
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) hessian[j * count + i] = hessian[i * count + j]!;
  }
  return { gradient, hessian };
}

/** Solves `a x = b` for a symmetric positive definite `a` by Cholesky's decomposition. Destroys `a`. */
function solve(a: Float64Array, b: Float64Array, n: number): number[] {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= a[i * n + k]! * a[j * n + k]!;
      a[i * n + j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / a[j * n + j]!;
    }
  }
  const x = Array.from(b);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= a[i * n + k]! * x[k]!;
    x[i]! /= a[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= a[k * n + i]! * x[k]!;
    x[i]! /= a[i * n + i]!;
  }
  return x;
}
