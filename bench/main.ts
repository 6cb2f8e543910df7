/**
 * `npm run bench [-- engine webcam cameras subscribers subscriber-faults training soak churn faults] [--seconds N]
 * [--minutes N]`: what this machine holds. For `faults` also `[--repetitions N] [--only PATTERN]`, of the faults' names.
 */

// First: before any module that could load onnxruntime.
import '../src/server/no-telemetry.ts';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { churn } from './churn.ts';
import { benchEngine } from './engine.ts';
import { faults } from './faults.ts';
import { benchHeat } from './heat.ts';
import { cameras, type Scenario, subscribers, webcam } from './scenarios.ts';
import { soak } from './soak.ts';
import { subscriberFaults } from './subscriber-faults.ts';
import { printTable } from './table.ts';
import { benchTraining } from './training.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '20' },
    minutes: { type: 'string', default: '60' },
    repetitions: { type: 'string', default: '10' },
    only: { type: 'string' },
  },
});
const parts = positionals.length > 0 ? positionals : ['engine', 'webcam', 'cameras', 'subscribers'];
const scenario: Scenario = { seconds: Number(values.seconds), warmUpSeconds: 8 };

const [cpu] = cpus();
console.log(
  `${cpus().length} x ${cpu?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
);
console.log(
  'Latency is capture (or arrival) to send; stages are means in ms; CPU % is of one core, with all children.',
);

for (const part of parts) {
  switch (part) {
    case 'engine': {
      const { batches, workers, arithmetic } = await benchEngine();
      printTable('Engine, by batch', batches);
      printTable('Engine, by workers and threads', workers);
      printTable("Engine against the machine's matrix product", arithmetic);
      printTable('Heat of a frame, by cells and classes heard', await benchHeat());
      break;
    }
    case 'webcam':
      printTable('Webcam', await webcam(scenario));
      break;
    case 'cameras':
      printTable('RTSP cameras', await cameras(scenario, [1, 4, 8, 12]));
      break;
    case 'subscribers':
      printTable('Subscribers', await subscribers(scenario, [1, 100, 300]));
      break;
    case 'subscriber-faults':
      printTable('Subscribers that do something wrong', await subscriberFaults());
      break;
    case 'training':
      printTable('Training', await benchTraining(Number(values.seconds)));
      break;
    case 'soak':
      printTable('Memory over time', await soak(Number(values.minutes)));
      break;
    case 'churn':
      printTable('What is held as sources and subscribers come and go', await churn(Number(values.minutes)));
      break;
    case 'faults':
      printTable('Recovery from faults', await faults(Number(values.repetitions), values.only ?? null));
      break;
    default:
      console.error(
        `No such part: ${part}. There are: engine, webcam, cameras, subscribers, subscriber-faults, training, soak, churn, faults.`,
      );
      process.exitCode = 2;
  }
}
// libwebrtc's threads outlive the connections they served.
process.exit();
