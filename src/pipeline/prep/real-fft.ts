/** Power spectrum of real signals of any even length: a mixed-radix Fourier transform, planned once. */

/** One pass of the transform: its radix, and what it multiplies with. */
interface Stage {
  radix: number;
  /** Length of the transforms this pass splits. */
  length: number;
  /** `cos` and `sin` of `2 pi j / radix`, interleaved. */
  roots: Float64Array;
  /** `exp(-2 pi i p k / length)` at `[p * radix + k]`, interleaved. */
  twiddles: Float64Array;
}

/** `[cos, sin, cos, ...]` of `2 pi * numerators(i) / denominator`, reduced first so that every entry is exact to an ulp. */
function unitRoots(count: number, denominator: number, numerator: (i: number) => number): Float64Array {
  const roots = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    const angle = (2 * Math.PI * (numerator(i) % denominator)) / denominator;
    roots[2 * i] = Math.cos(angle);
    roots[2 * i + 1] = Math.sin(angle);
  }
  return roots;
}

/** Prime factors, largest first. */
function primeFactors(size: number): number[] {
  const factors: number[] = [];
  let rest = size;
  for (let prime = 2; prime * prime <= rest; prime++) {
    for (; rest % prime === 0; rest /= prime) factors.push(prime);
  }
  if (rest > 1) factors.push(rest);
  return factors.reverse();
}

/**
 * A real signal of `size` is taken as a complex one of half the length, transformed by Stockham's self-sorting
 * algorithm (any radix; odd ones use the symmetry of their roots) and untangled. Arithmetic in float64.
 * Our own because the log-mel's length, 882 = 2 * 3^2 * 7^2, is no power of two and the kept FFT libraries want one.
 * Not reentrant: work buffers belong to the instance.
 */
export class RealFft {
  readonly size: number;
  readonly #half: number;
  readonly #stages: readonly Stage[];
  /** `exp(2 pi i k / size)`, interleaved; to untangle. */
  readonly #untangle: Float64Array;
  #work: Float64Array;
  #spare: Float64Array;
  /** Sums and differences of a butterfly's mirrored inputs. */
  readonly #mirrored: Float64Array;

  /** @param size - Even, at least 2. Cost grows with the sum of the prime factors. */
  constructor(size: number) {
    if (!Number.isInteger(size) || size < 2 || size % 2 !== 0) {
      throw new RangeError(`A real transform needs an even length of at least 2, not ${size}.`);
    }
    this.size = size;
    this.#half = size / 2;
    this.#work = new Float64Array(size);
    this.#spare = new Float64Array(size);
    this.#untangle = unitRoots(this.#half + 1, size, (k) => k);
    const factors = primeFactors(this.#half);
    this.#mirrored = new Float64Array(2 * Math.max(2, ...factors));
    const stages: Stage[] = [];
    let length = this.#half;
    for (const radix of factors) {
      const splitLength = length;
      stages.push({
        radix,
        length,
        roots: unitRoots(radix, radix, (j) => j),
        twiddles: unitRoots(length, length, (i) => Math.floor(i / radix) * (i % radix) * (splitLength - 1)),
      });
      length /= radix;
    }
    this.#stages = stages;
  }

  /**
   * `out[k] = |sum_n signal[n] exp(-2 pi i k n / size)|^2` for `k = 0..size/2`.
   *
   * @param signal - At least `size` numbers; read only.
   * @param out - At least `size / 2 + 1` numbers.
   */
  power(signal: Float64Array, out: Float64Array): void {
    const half = this.#half;
    for (let i = 0; i < this.size; i++) this.#work[i] = signal[i]!;
    let stride = 1;
    for (const stage of this.#stages) {
      if (stage.radix === 2) radix2(stage, stride, this.#work, this.#spare);
      else radixOdd(stage, stride, this.#work, this.#spare, this.#mirrored);
      [this.#work, this.#spare] = [this.#spare, this.#work];
      stride *= stage.radix;
    }
    const work = this.#work;
    const untangle = this.#untangle;
    for (let k = 0; k <= half; k++) {
      const a = 2 * (k === half ? 0 : k);
      const b = 2 * (k === 0 ? 0 : half - k);
      // Even part e and odd part o of the signal's spectrum: X = e + exp(-2 pi i k / size) o.
      const evenRe = work[a]! + work[b]!;
      const evenIm = work[a + 1]! - work[b + 1]!;
      const oddRe = work[a + 1]! + work[b + 1]!;
      const oddIm = work[b]! - work[a]!;
      const cos = untangle[2 * k]!;
      const sin = untangle[2 * k + 1]!;
      const re = evenRe + cos * oddRe + sin * oddIm;
      const im = evenIm + cos * oddIm - sin * oddRe;
      out[k] = 0.25 * (re * re + im * im);
    }
  }
}

function radix2(stage: Stage, stride: number, from: Float64Array, to: Float64Array): void {
  const { length, twiddles } = stage;
  const parts = length / 2;
  const apart = 2 * stride * parts;
  for (let p = 0; p < parts; p++) {
    const twiddleRe = twiddles[4 * p + 2]!;
    const twiddleIm = twiddles[4 * p + 3]!;
    for (let q = 0; q < stride; q++) {
      const source = 2 * (q + stride * p);
      const target = 2 * (q + stride * 2 * p);
      const aRe = from[source]!;
      const aIm = from[source + 1]!;
      const bRe = from[source + apart]!;
      const bIm = from[source + apart + 1]!;
      const re = aRe - bRe;
      const im = aIm - bIm;
      to[target] = aRe + bRe;
      to[target + 1] = aIm + bIm;
      to[target + 2 * stride] = re * twiddleRe - im * twiddleIm;
      to[target + 2 * stride + 1] = re * twiddleIm + im * twiddleRe;
    }
  }
}

/**
 * With `s_j = a_j + a_(r-j)` and `d_j = a_j - a_(r-j)` the outputs k and r-k share all products:
 * `a_0 + sum_j s_j cos(2 pi j k / r) -/+ i sum_j d_j sin(2 pi j k / r)`. For radix 7: 36 products, not 196.
 */
function radixOdd(
  stage: Stage,
  stride: number,
  from: Float64Array,
  to: Float64Array,
  mirrored: Float64Array,
): void {
  const { radix, length, roots, twiddles } = stage;
  const parts = length / radix;
  const middle = (radix - 1) / 2;
  const apart = 2 * stride * parts;
  for (let p = 0; p < parts; p++) {
    for (let q = 0; q < stride; q++) {
      const source = 2 * (q + stride * p);
      const target = 2 * (q + stride * radix * p);
      const firstRe = from[source]!;
      const firstIm = from[source + 1]!;
      let sumRe = firstRe;
      let sumIm = firstIm;
      for (let j = 1; j <= middle; j++) {
        const low = source + j * apart;
        const high = source + (radix - j) * apart;
        const aRe = from[low]!;
        const aIm = from[low + 1]!;
        const bRe = from[high]!;
        const bIm = from[high + 1]!;
        const at = 4 * (j - 1);
        mirrored[at] = aRe + bRe;
        mirrored[at + 1] = aIm + bIm;
        mirrored[at + 2] = aRe - bRe;
        mirrored[at + 3] = aIm - bIm;
        sumRe += aRe + bRe;
        sumIm += aIm + bIm;
      }
      to[target] = sumRe;
      to[target + 1] = sumIm;
      for (let k = 1; k <= middle; k++) {
        let evenRe = firstRe;
        let evenIm = firstIm;
        let oddRe = 0;
        let oddIm = 0;
        let root = 0;
        for (let j = 0; j < middle; j++) {
          root += k;
          if (root >= radix) root -= radix;
          const cos = roots[2 * root]!;
          const sin = roots[2 * root + 1]!;
          evenRe += mirrored[4 * j]! * cos;
          evenIm += mirrored[4 * j + 1]! * cos;
          oddRe += mirrored[4 * j + 2]! * sin;
          oddIm += mirrored[4 * j + 3]! * sin;
        }
        const low = 2 * (p * radix + k);
        const high = 2 * (p * radix + radix - k);
        const lowRe = evenRe + oddIm;
        const lowIm = evenIm - oddRe;
        const highRe = evenRe - oddIm;
        const highIm = evenIm + oddRe;
        const lowTarget = target + 2 * stride * k;
        const highTarget = target + 2 * stride * (radix - k);
        to[lowTarget] = lowRe * twiddles[low]! - lowIm * twiddles[low + 1]!;
        to[lowTarget + 1] = lowRe * twiddles[low + 1]! + lowIm * twiddles[low]!;
        to[highTarget] = highRe * twiddles[high]! - highIm * twiddles[high + 1]!;
        to[highTarget + 1] = highRe * twiddles[high + 1]! + highIm * twiddles[high]!;
      }
    }
  }
}
