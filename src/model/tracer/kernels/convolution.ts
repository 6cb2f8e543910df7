/** Convolution and its two gradients, for kernels of any size, strides and padding (NHWC and HWIO to tfjs). */

import * as tf from '@tensorflow/tfjs-core';
import type { GraphBuilder } from '../graph-builder.ts';
import type { TraceBackend, TracedValue } from '../trace-backend.ts';
import { type Call, defineKernel, type Made } from './kernel.ts';

export function registerConvolution(): void {
  defineKernel(tf.Conv2D, forward);
  defineKernel(tf.Conv2DBackpropInput, inputGradient);
  defineKernel(tf.Conv2DBackpropFilter, filterGradient);
}

type ConvInfo = tf.backend_util.Conv2DInfo;

function infoOf(
  attributes: tf.NamedAttrMap,
  inputShape: readonly number[],
  filterShape: readonly number[],
): ConvInfo {
  const { strides, pad, dimRoundingMode } = attributes as unknown as tf.Conv2DAttrs;
  return tf.backend_util.computeConv2DInfo(
    [...inputShape] as [number, number, number, number],
    [...filterShape] as [number, number, number, number],
    strides,
    1,
    pad,
    dimRoundingMode,
  );
}

const padsOf = ({ padInfo: { top, left, bottom, right } }: ConvInfo): number[] => [top, left, bottom, right];

/** `[O, I, H, W]`, as ONNX has kernels. */
function kernelOf(backend: TraceBackend, filter: TracedValue): string {
  if (filter.constant !== null) return backend.transposed(filter, [3, 2, 0, 1]);
  const [height, width, inputs, outputs] = filter.shape as [number, number, number, number];
  const { builder } = backend;
  const taps = backend.reshape(backend.named(filter), [height * width, inputs, outputs]);
  const exchanged = copied(builder, builder.node('Transpose', [taps], { perm: [0, 2, 1] }), height * width);
  const kernel = builder.node('Transpose', [exchanged], { perm: [1, 2, 0] });
  return backend.reshape(copied(builder, kernel, outputs), [outputs, inputs, height, width]);
}

/** `[I, O, H, W]` with rows and columns reversed. */
function turnedKernel(backend: TraceBackend, filter: TracedValue): string {
  const [height, width, inputs, outputs] = filter.shape as [number, number, number, number];
  const { builder } = backend;
  let taps = backend.reshape(backend.named(filter), [height * width, inputs, outputs]);
  if (height * width > 1) {
    const reversed = Array.from({ length: height * width }, (_, i) => height * width - 1 - i);
    taps = builder.node('Gather', [taps, builder.integers(reversed)], { axis: 0 });
  }
  const turned = copied(builder, builder.node('Transpose', [taps], { perm: [1, 2, 0] }), inputs);
  return backend.reshape(turned, [inputs, outputs, height, width]);
}

/**
 * A copy that keeps onnxruntime from merging the transposes on its sides, or moving them across a reshape: one that
 * moves a single axis takes a tenth of the time of any other. Worth 8 % of a training step.
 */
function copied(builder: GraphBuilder, name: string, length: number): string {
  return builder.node('Gather', [name, builder.integers(Array.from({ length }, (_, i) => i))], { axis: 0 });
}

function forward({ backend, input, attributes }: Call): Made {
  const x = input('x');
  const filter = input('filter');
  const info = infoOf(attributes, x.shape, filter.shape);
  const name = backend.builder.node('Conv', [backend.channelsFirst(x), kernelOf(backend, filter)], {
    kernel_shape: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    pads: padsOf(info),
  });
  return { name, shape: info.outShape, channelsFirst: true };
}

function inputGradient({ backend, input, attributes }: Call): Made {
  const dy = input('dy');
  const filter = input('filter');
  const inputShape = attributes['inputShape'] as number[];
  const info = infoOf(attributes, inputShape, filter.shape);
  const { filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = info;
  const { builder } = backend;
  const shape = { shape: inputShape, channelsFirst: true };
  const kernel_shape = [filterHeight, filterWidth];
  if (strideHeight === 1 && strideWidth === 1) {
    // A convolution with the kernel turned by half a turn and its channels exchanged: the fastest path there is.
    const { top, left, bottom, right } = padInfo;
    const pads = [
      filterHeight - 1 - top,
      filterWidth - 1 - left,
      filterHeight - 1 - bottom,
      filterWidth - 1 - right,
    ];
    const kernel = turnedKernel(backend, filter);
    return {
      name: builder.node('Conv', [backend.channelsFirst(dy), kernel], { kernel_shape, pads }),
      ...shape,
    };
  }
  // What the last, incomplete step left over at the end belongs to no output, and has gradient zero.
  const rest = (size: number, out: number, stride: number, kernel: number, pad: number): number =>
    size - ((out - 1) * stride - pad + kernel);
  const name = builder.node('ConvTranspose', [backend.channelsFirst(dy), kernelOf(backend, filter)], {
    kernel_shape,
    strides: [strideHeight, strideWidth],
    pads: padsOf(info),
    output_padding: [
      rest(info.inHeight, info.outHeight, strideHeight, filterHeight, padInfo.top + padInfo.bottom),
      rest(info.inWidth, info.outWidth, strideWidth, filterWidth, padInfo.left + padInfo.right),
    ],
  });
  return { name, ...shape };
}

/** Output places of a picture up to which all pictures of the batch go into one product (see bench/training). */
const ONE_PRODUCT_PLACES = 256;

function filterGradient({ backend, input, attributes }: Call): Made {
  const x = input('x');
  const dy = input('dy');
  const shape = attributes['filterShape'] as number[];
  const info = infoOf(attributes, x.shape, shape);
  const { batchSize, outHeight, outWidth, outChannels, inChannels, filterHeight, filterWidth } = info;
  const { builder } = backend;
  const places = outHeight * outWidth;
  if (places <= ONE_PRODUCT_PLACES) {
    // One long product over all places of all pictures.
    const rows = backend.reshape(backend.channelsLast(dy), [batchSize * places, outChannels]);
    const product = builder.node('Gemm', [placesByTaps(backend, x, info), rows], { transA: 1 });
    return { name: backend.reshape(product, shape), shape };
  }
  // A product for each picture, whose unfolded copy still fits the cache, and their sum.
  const rows = backend.reshape(backend.channelsLast(dy), [batchSize, places, outChannels]);
  const products = builder.node('MatMul', [tapsByPlaces(backend, x, info), rows]);
  const sum = builder.node('ReduceSum', [products, builder.integers([0])], { keepdims: 0 });
  const taps = backend.reshape(sum, [filterWidth * inChannels, filterHeight, outChannels]);
  const inOrder = builder.node('Transpose', [taps], { perm: [1, 0, 2] });
  return { name: backend.reshape(inOrder, shape), shape };
}

// im2col, by onnxruntime's Gather, which copies whole runs. A slice for each tap and their concatenation go over
// everything twice: a training step took an eighth longer (bench/training).

/** `[B * places, row taps * column taps * channels]`: beside each output place what its kernel reads. */
function placesByTaps(backend: TraceBackend, x: TracedValue, info: ConvInfo): string {
  const { batchSize, inChannels, filterHeight, filterWidth, outHeight, outWidth } = info;
  const [height, width] = paddedSize(info);
  const rows = reads(filterHeight, outHeight, info.strideHeight);
  const columns = reads(filterWidth, outWidth, info.strideWidth);
  const at: number[] = [];
  for (let outRow = 0; outRow < outHeight; outRow++) {
    for (let outColumn = 0; outColumn < outWidth; outColumn++) {
      for (let row = 0; row < filterHeight; row++) {
        for (let column = 0; column < filterWidth; column++) {
          at.push(rows[row * outHeight + outRow]! * width + columns[column * outWidth + outColumn]!);
        }
      }
    }
  }
  const pixels = backend.reshape(padded(backend, backend.channelsLast(x), info, 1), [
    batchSize,
    height * width,
    inChannels,
  ]);
  return backend.reshape(
    backend.builder.node('Gather', [pixels, backend.builder.integers(at)], { axis: 1 }),
    [batchSize * outHeight * outWidth, filterHeight * filterWidth * inChannels],
  );
}

/** `[B, column taps * channels * row taps, places]`: for each of the kernel's weights what it is multiplied by. */
function tapsByPlaces(backend: TraceBackend, x: TracedValue, info: ConvInfo): string {
  const { builder } = backend;
  const { batchSize, inChannels, filterHeight, filterWidth, strideWidth, outHeight, outWidth } = info;
  const from = padded(backend, backend.channelsFirst(x), info, 2);
  const shifted = Array.from({ length: filterWidth }, (_, column) => {
    const end = column + (outWidth - 1) * strideWidth + 1;
    const [starts, ends, axes, steps] = [column, end, 3, strideWidth].map((n) => builder.integers([n]));
    return builder.node('Slice', [from, starts!, ends!, axes!, steps!]);
  });
  const wide = shifted.length === 1 ? shifted[0]! : builder.node('Concat', shifted, { axis: 1 });
  const rows = builder.integers(reads(filterHeight, outHeight, info.strideHeight));
  return backend.reshape(builder.node('Gather', [wide, rows], { axis: 2 }), [
    batchSize,
    filterWidth * inChannels * filterHeight,
    outHeight * outWidth,
  ]);
}

/** Which row (or column) of the padded input each tap reads for each output row: tap after tap. */
const reads = (taps: number, outputs: number, stride: number): number[] =>
  Array.from({ length: taps * outputs }, (_, i) => Math.floor(i / outputs) + (i % outputs) * stride);

const paddedSize = ({ inHeight, inWidth, padInfo }: ConvInfo): [number, number] => [
  inHeight + padInfo.top + padInfo.bottom,
  inWidth + padInfo.left + padInfo.right,
];

function padded(backend: TraceBackend, x: string, { padInfo }: ConvInfo, rowAxis: number): string {
  const { builder } = backend;
  const { top, left, bottom, right } = padInfo;
  if (top + left + bottom + right === 0) return x;
  const pads = builder.integers([top, left, bottom, right]);
  return builder.node('Pad', [x, pads, builder.float(0), builder.integers([rowAxis, rowAxis + 1])]);
}
