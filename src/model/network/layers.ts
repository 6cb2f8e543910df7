/** The residual network as data (He et al. 2016, output stride 16): forward pass and weights both follow it. */

import type { NetworkOptions } from './options.ts';

/** A convolution without bias, followed by batch normalisation. */
export interface ConvLayer {
  /** Prefix of its weights' names. */
  name: string;
  /** Square, padded by half of it. */
  kernel: number;
  stride: number;
  inputs: number;
  outputs: number;
}

/** Two 3x3 convolutions beside a shortcut; `shortcut` is a 1x1 convolution where the shape changes. */
export interface Block {
  first: ConvLayer;
  second: ConvLayer;
  shortcut: ConvLayer | null;
}

export interface Backbone {
  /** 7x7 at stride 2; a 3x3 maximum at stride 2 follows. */
  stem: ConvLayer;
  blocks: readonly Block[];
}

/** The two branches' names, which start the names of their weights. */
export type Branch = 'visual' | 'audio';

/** The last stage keeps its stride at 1, so that a cell is 16 pixels (both releases). */
const STAGE_STRIDES = [1, 2, 2, 1];

export function backbone(branch: Branch, options: NetworkOptions): Backbone {
  const { depth, width } = options;
  const blocksPerStage = depth === 18 ? 2 : 1;
  const blocks: Block[] = [];
  let inputs = width;
  for (const [stage, stageStride] of STAGE_STRIDES.entries()) {
    const outputs = width * 2 ** stage;
    for (let block = 0; block < blocksPerStage; block++) {
      const name = `${branch}/layer${stage + 1}/${block}`;
      const stride = block === 0 ? stageStride : 1;
      const reshaped = stride !== 1 || inputs !== outputs;
      blocks.push({
        first: { name: `${name}/conv1`, kernel: 3, stride, inputs, outputs },
        second: { name: `${name}/conv2`, kernel: 3, stride: 1, inputs: outputs, outputs },
        shortcut: reshaped ? { name: `${name}/shortcut`, kernel: 1, stride, inputs, outputs } : null,
      });
      inputs = outputs;
    }
  }
  const channels = branch === 'visual' ? 3 : 1;
  return {
    stem: { name: `${branch}/stem`, kernel: 7, stride: 2, inputs: channels, outputs: width },
    blocks,
  };
}

/** Every convolution of a branch, in the order of the pass. */
export function convLayers({ stem, blocks }: Backbone): ConvLayer[] {
  return [
    stem,
    ...blocks.flatMap(({ first, second, shortcut }) =>
      shortcut === null ? [first, second] : [first, second, shortcut],
    ),
  ];
}
