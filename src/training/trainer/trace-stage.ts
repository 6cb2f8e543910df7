/** Traces a stage's program into the two graphs that training threads run. */

import { traceGraph } from '../../model/tracer/trace.ts';
import type { TracedStage } from './onnx-step-engine.ts';
import {
  batchInputs,
  evaluationOutputs,
  type StageProgram,
  stepOutputs,
  weightInputs,
} from './stage-program.ts';

export function traceStage(program: StageProgram): TracedStage {
  const { kind, stepSize, evaluationSize } = program;
  return {
    program,
    step: traceGraph(
      {
        name: `${kind} step`,
        inputs: { ...batchInputs(program, stepSize), ...weightInputs(program, 'step') },
      },
      (inputs) => stepOutputs(program, inputs),
    ),
    evaluation: traceGraph(
      {
        name: `${kind} evaluation`,
        inputs: { ...batchInputs(program, evaluationSize), ...weightInputs(program, 'evaluation') },
      },
      (inputs) => evaluationOutputs(program, inputs),
    ),
  };
}
