/** Where onnxruntime computes: session options of each execution provider, and the mend when one will not load. */

import type { InferenceSession } from 'onnxruntime-node';
import { EarsightError, messageOf } from '../../../pipeline/errors.ts';
import type { Precision } from '../../load-manifest.ts';

export const PROVIDERS = ['cpu', 'webgpu', 'cuda', 'tensorrt'] as const;
export type Provider = (typeof PROVIDERS)[number];

/** How one worker's session computes. */
export interface SessionSettings {
  provider: Provider;
  /** Which device of the provider; ignored by `cpu` and `webgpu`. */
  deviceId: number;
  /** Threads of one operator on the CPU. */
  intraOpThreads: number;
  /** Whether idle threads spin: about 4 ms faster with two threads, for four times the CPU time at 10 fps. */
  allowSpinning: boolean;
  precision: Precision;
}

export function sessionOptions(settings: SessionSettings): InferenceSession.SessionOptions {
  return {
    executionProviders: executionProviders(settings),
    intraOpNumThreads: settings.intraOpThreads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    extra: { session: { intra_op: { allow_spinning: settings.allowSpinning ? '1' : '0' } } },
  };
}

/** Operators that a GPU provider lacks fall to the next provider of the list. */
function executionProviders({
  provider,
  deviceId,
}: SessionSettings): InferenceSession.ExecutionProviderConfig[] {
  switch (provider) {
    case 'cpu':
      return ['cpu'];
    case 'webgpu':
      return ['webgpu', 'cpu'];
    case 'cuda':
      return [{ name: 'cuda', deviceId }, 'cpu'];
    case 'tensorrt':
      return [{ name: 'tensorrt', deviceId }, { name: 'cuda', deviceId }, 'cpu'];
  }
}

const FETCH_CUDA = '`ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js`';

const MENDS: Record<Provider, string> = {
  cpu: 'Reinstall onnxruntime-node for this platform (`npm install onnxruntime-node`).',
  webgpu:
    'It needs a GPU with a Vulkan 1.3 (Linux), Direct3D 12 (Windows) or Metal (macOS) driver; on Linux install ' +
    'the vendor driver or Mesa 25 (mesa-vulkan-drivers). Or set the provider to cpu.',
  cuda:
    'It needs an NVIDIA driver, CUDA 12 and cuDNN 9 on the library path, the CUDA libraries of onnxruntime ' +
    `(Linux x64: ${FETCH_CUDA}) and a device of that number. Or set the provider to cpu.`,
  tensorrt:
    'It needs an NVIDIA driver, CUDA 12, cuDNN 9 and TensorRT 10 on the library path, the CUDA libraries of ' +
    `onnxruntime (Linux x64: ${FETCH_CUDA}) and a device of that number. Or set the provider to cuda or cpu.`,
};

/** The error of a provider that would not load. */
export function providerUnavailable({ provider, deviceId }: SessionSettings, cause: unknown): EarsightError {
  const device = provider === 'cuda' || provider === 'tensorrt' ? ` (device ${deviceId})` : '';
  const reason = messageOf(cause).trim().replace(/\.$/, '');
  return new EarsightError(
    'engine-unavailable',
    `The inference provider ${provider}${device} cannot be used: ${reason}. ${MENDS[provider]}`,
    { details: { provider, deviceId }, cause },
  );
}
