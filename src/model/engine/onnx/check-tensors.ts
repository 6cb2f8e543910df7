/** Compares what an ONNX file declares with what its manifest says. */

import type { InferenceSession } from 'onnxruntime-node';
import { EarsightError } from '../../../pipeline/errors.ts';
import type { ModelManifest, TensorDeclaration, TensorRole } from '../../manifest.ts';

type Metadata = readonly InferenceSession.ValueMetadata[];

const INPUTS: readonly TensorRole[] = ['frames', 'logmel'];
const OUTPUTS: readonly TensorRole[] = ['audioProbability', 'visualProbability', 'similarity', 'activation'];

/**
 * A size that the ONNX file leaves open (a symbol) fits any declared one; running the model settles those.
 * @throws EarsightError `model-mismatch` naming every field that disagrees.
 */
export function checkTensors(manifest: ModelManifest, inputs: Metadata, outputs: Metadata): void {
  const problems = [
    ...checkSide(manifest, INPUTS, inputs, 'input'),
    ...checkSide(manifest, OUTPUTS, outputs, 'output'),
  ];
  if (problems.length > 0) throw mismatch(manifest, problems);
}

/** The error of a network that is not the one its manifest describes. */
export function mismatch(manifest: ModelManifest, problems: readonly string[]): EarsightError {
  return new EarsightError(
    'model-mismatch',
    `The network ${manifest.files.onnx.name} does not match the manifest of ${manifest.name}: ` +
      `${problems.join('; ')}. Correct the manifest, or export model and manifest together.`,
    { details: { problems } },
  );
}

function* checkSide(
  manifest: ModelManifest,
  roles: readonly TensorRole[],
  actual: Metadata,
  side: 'input' | 'output',
): Generator<string> {
  for (const role of roles) {
    const declared = manifest.tensors[role];
    if (declared === undefined) continue;
    const found = actual.find(({ name }) => name === declared.name);
    if (found === undefined) {
      const names = actual.map(({ name }) => name).join(', ');
      yield `tensors.${role}.name is ${declared.name}, but the ${side}s are ${names}`;
    } else if (!found.isTensor) {
      yield `tensors.${role}: ${side} ${declared.name} is not a tensor`;
    } else {
      if (found.type !== declared.type) {
        yield `tensors.${role}.type is ${declared.type}, but ${side} ${declared.name} is ${found.type}`;
      }
      if (!fits(found.shape, declared.shape)) {
        yield `tensors.${role}.shape is [${declared.shape.join(', ')}], but ${side} ${declared.name} is [${found.shape.join(', ')}]`;
      }
    }
  }
  if (side === 'input') {
    const known = roles.map((role) => manifest.tensors[role]?.name);
    for (const { name } of actual) {
      if (!known.includes(name)) yield `tensors names no input ${name}, which the network needs`;
    }
  }
}

function fits(actual: readonly (number | string)[], declared: TensorDeclaration['shape']): boolean {
  return (
    actual.length === declared.length &&
    declared.every((size, axis) => typeof actual[axis] === 'string' || actual[axis] === size)
  );
}
